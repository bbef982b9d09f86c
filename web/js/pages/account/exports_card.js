/** An export of everything: asked for, made by the server, fetched by a link that does not last long. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { html, setText } from "../../ui/dom.js";
import { checkboxField, form, textField } from "../../ui/form.js";
import { bytesText, clockText, dateText } from "../../ui/format.js";

const LOOK_MS = 1_500;
const RENEW_EARLY_MS = 30_000;
const KEPT = "ghostwatt-export"; // what this tab asked for last: an id that only its owner can use
const FORMATS = { csv: "CSV, for spreadsheets", jsonl: "JSON lines, for programs" };

/** The form and what became of the last export, as a node. */
export function exportCard() {
  const told = progress();
  const asked = form({
    fields: [
      html("p", {}, "A zip with devices, outlets, readings, energy, phantoms and savings."),
      html("div", { class: "pair" }, dayField("from", "From day"), dayField("to", "To day")),
      html("p", { class: "hint" }, "Left empty, there is no limit on that side."),
      html("fieldset", { class: "field formats", data: { field: "formats" } }, html("legend", {}, "As"),
        Object.entries(FORMATS).map(([name, label]) => checkboxField({ name, label, checked: true })),
        html("p", { class: "error", role: "alert" })),
    ],
    className: "stack",
    action: "Make an export",
    tone: "soft",
    check: ({ csv, jsonl }) => (csv || jsonl ? null : { field: "formats", message: "Choose at least one form." }),
    send: async (values) => told.follow((await api.startExport(wanted(values))).exportId),
  });
  const known = sessionStorage.getItem(KEPT);
  if (known) told.follow(known);
  return html("div", { class: "stack" }, asked, told.node);
}

const dayField = (name, label) => textField({ name, label, type: "date" });

/** Whole days on this browser's clock as epoch ms, the last one included. */
function wanted({ from, to, csv, jsonl }) {
  const midnight = (date, days) => {
    const day = new Date(`${date}T00:00`);
    day.setDate(day.getDate() + days);
    return day.getTime();
  };
  return {
    from: from ? midnight(from, 0) : undefined,
    to: to ? midnight(to, 1) - 1 : undefined,
    formats: Object.keys(FORMATS).filter((name) => ({ csv, jsonl })[name]),
  };
}

/** {node, follow(exportId)}: looks again and again until the export is ready, and then whenever its link gets too old. */
function progress() {
  const said = html("p", { role: "status" });
  const link = html("a", { class: "button primary", hidden: true, download: "" }, "Download the zip");
  const node = html("div", { class: "export", hidden: true }, said, link);
  let followed = null;

  function follow(exportId) {
    followed = exportId;
    sessionStorage.setItem(KEPT, exportId);
    look(exportId);
  }

  async function look(exportId) {
    try {
      const known = await api.exportState(exportId);
      if (exportId !== followed) return;
      show(known);
      lookAgain(exportId, waitMs(known));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) return forget();
      setText(said, error.message);
      lookAgain(exportId, LOOK_MS);
    }
  }

  const lookAgain = (exportId, afterMs) => afterMs !== null && setTimeout(() => node.isConnected && look(exportId), afterMs);

  function show(known) {
    node.hidden = false;
    node.dataset.state = known.state;
    link.hidden = known.state !== "ready";
    if (known.link) link.href = known.link;
    setText(said, `${spanWords(known)}: ${stateWords(known)}`);
  }

  /** It was another person's, or is gone by now. */
  function forget() {
    sessionStorage.removeItem(KEPT);
    node.hidden = true;
  }

  return { node, follow };
}

/** When to look again; null once nothing will change any more. */
function waitMs({ state, linkExpiresAt }) {
  if (state === "failed") return null;
  if (state !== "ready") return LOOK_MS;
  return Math.max(LOOK_MS, Date.parse(linkExpiresAt) - Date.now() - RENEW_EARLY_MS);
}

const spanWords = ({ from, to }) => (from ? `${dateText(from)} to ${dateText(to)}` : `Everything until ${dateText(to)}`);

function stateWords({ state, bytes, linkExpiresAt, error }) {
  if (state === "ready") return `ready, ${bytesText(bytes)}. This link works until ${clockText(linkExpiresAt)}; as long as this page is open, it is renewed.`;
  if (state === "failed") return `it failed. ${error}`;
  return state === "running" ? "your data is gathered…" : "waiting for its turn…";
}
