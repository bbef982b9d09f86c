/** Tables of figures: the text behind each chart, and lists that are tables by nature. */

import { fill, h } from "../dom.js";

/**
 * {node, update(rows)}: columns are words, the first one names its row; rows are arrays of text or nodes.
 * On a phone each row is a block, its cells with their column's word above; the roles keep that a table.
 */
export function table(caption, columns) {
  const body = h("tbody", { role: "rowgroup" });
  const heads = columns.map((words) => h("th", { scope: "col", role: "columnheader" }, words));
  const node = h("table", { class: "sheet", role: "table" }, h("caption", {}, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)), body);
  return { node, update: (rows) => fill(body, rows.map((row) => tableRow(columns, row))) };
}

const tableRow = (columns, [name, ...cells]) =>
  h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, name),
    cells.map((cell, index) => h("td", { role: "cell", data: { column: columns[index + 1] } }, cell)));

/** The same, folded away behind a line of words: what a chart shows, as text. */
export function foldedTable(caption, columns) {
  const { node, update } = table(caption, columns);
  return { node: h("details", { class: "more" }, h("summary", {}, "Show as a table"), node), update };
}
