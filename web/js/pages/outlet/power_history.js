/** The watts of an outlet over an hour, a day, a week or a month: curve, table and CSV. */

import * as api from "../../api/client.js";
import { currentAccount, state } from "../../store/home.js";
import { powerTexts } from "../../texts/outlet.js";
import { DAY_MS, HOUR_MS } from "../../ui/charts/scales.js";
import { foldedTable } from "../../ui/charts/tables.js";
import { choiceBar } from "../../ui/controls.js";
import { html, setText } from "../../ui/dom.js";
import { timeText, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { saveCsv } from "./power_csv.js";
import { powerCurve } from "./power_curve.js";
import { pointsOf } from "./power_points.js";

/** @import { PhantomEvent } from "../../api/types.d.ts" */
/** @import { Cut, CurvePoint, PowerView } from "./power_points.js" */
/** @import { OutletPart } from "./outlet_page.js" */
/** @typedef {keyof typeof powerTexts.ranges} RangeName */

/** @type {[name: RangeName, text: string, lengthMs: number][]} */
const RANGES = [
  ["1h", powerTexts.ranges["1h"], HOUR_MS], ["24h", powerTexts.ranges["24h"], DAY_MS],
  ["7d", powerTexts.ranges["7d"], 7 * DAY_MS], ["30d", powerTexts.ranges["30d"], 30 * DAY_MS],
];
const POINTS = 900; // as many as a wide screen can show apart
const TABLE_ROWS = 24;
const EVENTS = 200;
const NOT_OBEYED = ["sent", "refused"];

/**
 * Make the card.
 * @param {string} portId
 * @param {string | undefined} firstRange the range shown at first
 * @param {(range: string) => void} onChosen called when another range is chosen
 * @returns {OutletPart}
 */
export function powerHistory(portId, firstRange, onChosen) {
  let [range, , lengthMs] = RANGES.find(([name]) => name === firstRange) ?? RANGES[1];
  /** @type {PowerView | null} */
  let shown = null;
  const [curve, note] = [powerCurve(), html("p", { class: "hint" })];
  const rows = foldedTable(powerTexts.table, powerTexts.columns);
  const none = html("p", { class: "empty small" }, powerTexts.empty);
  const csv = html("button", { type: "button", class: "soft", on: { click: save } }, powerTexts.saveCsv);
  const part = loader({
    content: html("div", { class: "stack" }, curve.node, none, html("div", { class: "bar" }, note, csv), rows.node),
    waiting: powerTexts.loading,
    fetchIt: () => fetchView(portId, lengthMs),
    show: (view) => {
      shown = view;
      const isEmpty = view.points.length === 0;
      none.hidden = !isEmpty;
      curve.node.hidden = note.hidden = rows.node.hidden = csv.hidden = isEmpty;
      curve.update(view);
      setText(note, powerTexts.note(powerTexts.resolutions[view.recorded.resolution], view.timeZone, view.cuts.length));
      rows.update(summaries(view).map((summary) => summaryRow(summary, view)));
    },
  });

  function save() {
    if (shown) saveCsv(state.ports.get(portId)?.name ?? "", shown);
  }

  /** @param {RangeName} name */
  function choose(name) {
    [range, , lengthMs] = RANGES.find(([candidate]) => candidate === name) ?? RANGES[1];
    onChosen(name);
    part.refresh();
  }

  const node = html("section", { class: "card stack", "aria-labelledby": "power" },
    html("header", { class: "bar" }, html("h2", { id: "power" }, powerTexts.title), choiceBar(powerTexts.rangeLabel, RANGES, range, choose)), part.node);
  return { node, update: (_, freshMs) => part.refreshAfter(range === RANGES[0][0] ? freshMs : 5 * freshMs) };
}

/**
 * Fetch all that the chart shows, up to now.
 * @param {string} portId
 * @param {number} lengthMs
 * @returns {Promise<PowerView>}
 */
async function fetchView(portId, lengthMs) {
  const toMs = Date.now();
  const fromMs = toMs - lengthMs;
  const [recorded, events] = await Promise.all([
    api.portHistory(portId, { from: fromMs, to: toMs, width: POINTS }), api.eventsOfPort(portId, EVENTS),
  ]);
  const points = pointsOf(recorded);
  const cuts = events.filter(wasOff).map(({ detectedAt, endedAt }) => (
    { fromMs: Date.parse(detectedAt), toMs: endedAt ? Date.parse(endedAt) : toMs })).filter((cut) => cut.toMs > fromMs);
  return { recorded, points, cuts, fromMs, toMs, timeZone: currentAccount().timezone, label: labelOf(points, cuts) };
}

/** @param {PhantomEvent} event */
const wasOff = ({ actionTaken, outcome }) => actionTaken === "auto_cut" && !NOT_OBEYED.includes(outcome ?? "sent");

/**
 * @param {CurvePoint[]} points
 * @param {Cut[]} cuts
 */
function labelOf(points, cuts) {
  if (points.length === 0) return powerTexts.emptyLabel;
  const { low, high } = extremes(points);
  return powerTexts.label(wattsText(low), wattsText(high), cuts.length);
}

/** @param {CurvePoint[]} points */
const extremes = (points) => ({
  low: points.reduce((least, { low }) => Math.min(least, low), Infinity),
  high: points.reduce((most, { high }) => Math.max(most, high), -Infinity),
});

/**
 * Sum the curve up for a table: equal stretches with their average and extremes. Unmeasured stretches have no row.
 * @param {PowerView} view
 */
function summaries({ points, fromMs, toMs }) {
  const stepMs = (toMs - fromMs) / TABLE_ROWS;
  /** @type {Map<number, CurvePoint[]>} */
  const stretches = new Map();
  for (const point of points) {
    const index = Math.max(0, Math.floor((point.atMs - fromMs) / stepMs));
    stretches.set(index, [...stretches.get(index) ?? [], point]);
  }
  return [...stretches].map(([index, stretch]) => ({
    atMs: fromMs + index * stepMs,
    watts: stretch.reduce((sum, { watts }) => sum + watts, 0) / stretch.length,
    ...extremes(stretch),
  }));
}

/**
 * @param {ReturnType<typeof summaries>[number]} summary
 * @param {PowerView} view
 */
const summaryRow = ({ atMs, watts, low, high }, { timeZone }) =>
  [timeText(atMs, timeZone, { dateStyle: "short", timeStyle: "short" }), wattsText(watts), wattsText(low), wattsText(high)];
