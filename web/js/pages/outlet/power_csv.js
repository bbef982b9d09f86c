/** The shown range of a history as a CSV file (RFC 4180), with the columns of the API. */

import { html } from "../../ui/dom.js";

/** Hand the reader a file of `recorded`, {resolution, columns}, from and to being epoch milliseconds. */
export function saveCsv(name, { recorded, fromMs, toMs }) {
  const file = new Blob([csvText(recorded.columns)], { type: "text/csv" });
  const url = URL.createObjectURL(file);
  html("a", { href: url, download: fileName(name, recorded.resolution, fromMs, toMs) }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after this call
}

/** Times and numbers only: nothing needs quotes. */
function csvText(columns) {
  const names = Object.keys(columns);
  const rows = columns[names[0]].map((_, index) => names.map((name) => columns[name][index] ?? "").join(","));
  return `${[names.join(","), ...rows].join("\r\n")}\r\n`;
}

function fileName(name, resolution, fromMs, toMs) {
  const plain = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "outlet";
  const day = (atMs) => new Date(atMs).toISOString().slice(0, 16).replaceAll(":", "");
  return `ghostwatt-${plain}-${resolution}-${day(fromMs)}Z-${day(toMs)}Z.csv`;
}
