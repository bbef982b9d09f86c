/** The shown range of a history as a CSV file (RFC 4180), with the columns of the API. */

import { html } from "../../ui/dom.js";

/** @import { HistoryColumns } from "../../api/types.d.ts" */
/** @import { PowerView } from "./power_points.js" */

const URL_LIFE_MS = 60_000; // the browser reads the file after the click has returned

/**
 * Have the browser save the file.
 * @param {string} name of the outlet
 * @param {PowerView} view
 */
export function saveCsv(name, { recorded, fromMs, toMs }) {
  const file = new Blob([csvText(recorded.columns)], { type: "text/csv" });
  const url = URL.createObjectURL(file);
  html("a", { href: url, download: fileName(name, recorded.resolution, fromMs, toMs) }).click();
  setTimeout(() => URL.revokeObjectURL(url), URL_LIFE_MS);
}

/**
 * Write columns as CSV. They hold times and numbers only, so nothing needs quotes.
 * @param {HistoryColumns} columns
 * @returns {string}
 */
export function csvText(columns) {
  const names = Object.keys(columns);
  const rows = columns[names[0]].map((_, index) => names.map((name) => columns[name][index] ?? "").join(","));
  return `${[names.join(","), ...rows].join("\r\n")}\r\n`;
}

/**
 * @param {string} name
 * @param {string} resolution
 * @param {number} fromMs epoch ms
 * @param {number} toMs epoch ms
 */
function fileName(name, resolution, fromMs, toMs) {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "outlet";
  const minute = (/** @type {number} */ atMs) => new Date(atMs).toISOString().slice(0, 16).replaceAll(":", "");
  return `ghostwatt-${plain}-${resolution}-${minute(fromMs)}Z-${minute(toMs)}Z.csv`;
}
