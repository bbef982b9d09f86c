/** Tables of figures: the text behind each chart, and lists that are tables by nature. */

import { html, replaceChildren } from "../dom.js";

/**
 * {node, update(rows)}: columns are words, the first one names its row; rows are arrays of text or nodes.
 * On a phone each row is a block, its cells with their column's word above; the roles keep that a table.
 */
export function table(caption, columns) {
  const body = html("tbody", { role: "rowgroup" });
  const heads = columns.map((words) => html("th", { scope: "col", role: "columnheader" }, words));
  const node = html("table", { class: "sheet", role: "table" }, html("caption", {}, caption),
    html("thead", { role: "rowgroup" }, html("tr", { role: "row" }, heads)), body);
  return { node, update: (rows) => replaceChildren(body, rows.map((row) => tableRow(columns, row))) };
}

const tableRow = (columns, [name, ...cells]) =>
  html("tr", { role: "row" }, html("th", { scope: "row", role: "rowheader" }, name),
    cells.map((cell, index) => html("td", { role: "cell", data: { column: columns[index + 1] } }, cell)));

/** The same, folded away behind a line of words: what a chart shows, as text. */
export function foldedTable(caption, columns) {
  const { node, update } = table(caption, columns);
  return { node: html("details", { class: "more" }, html("summary", {}, "Show as a table"), node), update };
}
