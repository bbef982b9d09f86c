/** An export of everything: requested here, made by the server, fetched by a link that does not last long. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { exportTexts } from "../../texts/account.js";
import { html, setText } from "../../ui/dom.js";
import { checkboxField, form, textField } from "../../ui/form.js";
import { bytesText, clockText, dateText } from "../../ui/format.js";

/** @import { Export } from "../../api/types.d.ts" */
/** @import { FormValues } from "../../ui/types.d.ts" */
/** @typedef {keyof typeof exportTexts.formatNames} Format */

const POLL_MS = 1_500;
const RENEW_EARLY_MS = 30_000;
const LAST_EXPORT = "ghostwatt-export"; // what this tab requested last: an id that only its owner can use
/** @type {Format[]} */
const FORMATS = ["csv", "jsonl"];

/**
 * Make the form and the state of the last export.
 * @returns {HTMLElement}
 */
export function exportCard() {
  const progress = exportProgress();
  const request = form({
    fields: [
      html("p", {}, exportTexts.about),
      html("div", { class: "pair" }, dayField("from", exportTexts.from), dayField("to", exportTexts.to)),
      html("p", { class: "hint" }, exportTexts.hint),
      html("fieldset", { class: "field formats", data: { field: "formats" } }, html("legend", {}, exportTexts.formats),
        FORMATS.map((name) => checkboxField({ name, label: exportTexts.formatNames[name], checked: true })),
        html("p", { class: "error", role: "alert" })),
    ],
    className: "stack",
    action: exportTexts.start,
    tone: "soft",
    check: (values) => (FORMATS.some((name) => values[name]) ? null : { field: "formats", message: exportTexts.chooseFormat }),
    send: async (values) => progress.follow((await api.startExport(requestOf(values))).exportId),
  });
  const lastExport = sessionStorage.getItem(LAST_EXPORT);
  if (lastExport) progress.follow(lastExport);
  return html("div", { class: "stack" }, request, progress.node);
}

/** @type {(name: string, label: string) => HTMLElement} */
const dayField = (name, label) => textField({ name, label, type: "date" });

/**
 * @param {FormValues} values whole days on this browser's clock, the last one included
 * @returns {{ from?: number, to?: number, formats: Format[] }} epoch ms
 */
const requestOf = ({ from, to, ...values }) => ({
  from: from ? midnightMs(from, 0) : undefined,
  to: to ? midnightMs(to, 1) - 1 : undefined,
  formats: FORMATS.filter((name) => values[name]),
});

/**
 * @param {string} date YYYY-MM-DD
 * @param {number} daysLater
 */
function midnightMs(date, daysLater) {
  const day = new Date(`${date}T00:00`);
  day.setDate(day.getDate() + daysLater);
  return day.getTime();
}

/** Poll an export until it is ready, and then whenever its link gets too old. */
function exportProgress() {
  const message = html("p", { role: "status" });
  const link = html("a", { class: "button primary", hidden: true, download: "" }, exportTexts.download);
  const node = html("div", { class: "export", hidden: true }, message, link);
  /** @type {string | null} */
  let followed = null;

  /** @param {string} exportId */
  function follow(exportId) {
    followed = exportId;
    sessionStorage.setItem(LAST_EXPORT, exportId);
    poll(exportId);
  }

  /** @param {string} exportId */
  async function poll(exportId) {
    try {
      const current = await api.exportState(exportId);
      if (exportId !== followed) return;
      show(current);
      pollLater(exportId, waitMs(current));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) {
        forget();
        return;
      }
      setText(message, error.message);
      pollLater(exportId, POLL_MS);
    }
  }

  /**
   * @param {string} exportId
   * @param {number | null} afterMs
   */
  function pollLater(exportId, afterMs) {
    if (afterMs === null) return;
    setTimeout(() => {
      if (node.isConnected) poll(exportId);
    }, afterMs);
  }

  /** @param {Export} current */
  function show(current) {
    node.hidden = false;
    node.dataset.state = current.state;
    link.hidden = current.state !== "ready";
    if (current.link) link.href = current.link;
    setText(message, `${spanOf(current)}: ${stateText(current)}`);
  }

  /** Drop an export that was another person's, or is gone by now. */
  function forget() {
    sessionStorage.removeItem(LAST_EXPORT);
    node.hidden = true;
  }

  return { node, follow };
}

/**
 * @param {Export} current
 * @returns {number | null} when to poll again; null once nothing will change any more
 */
function waitMs({ state, linkExpiresAt }) {
  if (state === "failed") return null;
  if (state !== "ready") return POLL_MS;
  return Math.max(POLL_MS, Date.parse(linkExpiresAt ?? "") - Date.now() - RENEW_EARLY_MS);
}

/** @param {Export} current */
const spanOf = ({ from, to }) => (from ? exportTexts.span(dateText(from), dateText(to)) : exportTexts.until(dateText(to)));

/** @param {Export} current */
function stateText({ state, bytes, linkExpiresAt, error }) {
  if (state === "ready") return exportTexts.ready(bytesText(bytes ?? 0), clockText(linkExpiresAt ?? ""));
  if (state === "failed") return exportTexts.failed(error ?? "");
  return exportTexts[state];
}
