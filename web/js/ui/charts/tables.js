/** Tables of figures: the text behind each chart, and lists that are tables by nature. */

import { commonTexts } from "../../texts/common.js";
import { html, replaceChildren } from "../dom.js";

/** @typedef {(Node | string)[]} Row the first cell names the row */
/** @typedef {{ node: HTMLElement, update: (rows: Row[]) => void }} Table */

/**
 * Make a table. On a phone each row is a block, with the column's name above each cell; the roles keep it a table.
 * @param {string} caption
 * @param {string[]} columns the first one names its row
 * @returns {Table}
 */
export function table(caption, columns) {
  const body = html("tbody", { role: "rowgroup" });
  const heads = columns.map((name) => html("th", { scope: "col", role: "columnheader" }, name));
  const node = html("table", { class: "sheet", role: "table" }, html("caption", {}, caption),
    html("thead", { role: "rowgroup" }, html("tr", { role: "row" }, heads)), body);
  return { node, update: (rows) => replaceChildren(body, rows.map((row) => tableRow(columns, row))) };
}

/**
 * @param {string[]} columns
 * @param {Row} row
 */
const tableRow = (columns, [name, ...cells]) =>
  html("tr", { role: "row" }, html("th", { scope: "row", role: "rowheader" }, name),
    cells.map((cell, index) => html("td", { role: "cell", data: { column: columns[index + 1] } }, cell)));

/**
 * Make a table that is folded away: what a chart shows, as text.
 * @param {string} caption
 * @param {string[]} columns
 * @returns {Table}
 */
export function foldedTable(caption, columns) {
  const { node, update } = table(caption, columns);
  return { node: html("details", { class: "more" }, html("summary", {}, commonTexts.showAsTable), node), update };
}
