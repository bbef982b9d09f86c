/** The watts of an outlet over an hour, a day, a week or a month: curve, table and CSV. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { DAY_MS, HOUR_MS } from "../../ui/charts/scales.js";
import { foldedTable } from "../../ui/charts/tables.js";
import { choiceBar } from "../../ui/controls.js";
import { html, setText } from "../../ui/dom.js";
import { timeText, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { saveCsv } from "./power_csv.js";
import { pointsOf, powerCurve } from "./power_curve.js";

const RANGES = [["1h", "1 hour", HOUR_MS], ["24h", "24 hours", DAY_MS], ["7d", "7 days", 7 * DAY_MS], ["30d", "30 days", 30 * DAY_MS]];
const RESOLUTION_WORDS = { raw: "each reading", "5m": "means of 5 minutes", "1h": "means of an hour", "1d": "means of a day" };
const POINTS = 900; // what a wide screen shows apart
const TABLE_ROWS = 24;
const EVENTS = 200;
const NOT_OBEYED = ["sent", "refused"];

/** {node, update(port, freshMs)}; `wanted` is the range at first, chosen(range) is told of another one. */
export function powerHistory(portId, wanted, chosen) {
  let range = RANGES.some(([name]) => name === wanted) ? wanted : "24h";
  let last = null;
  const [curve, note] = [powerCurve(), html("p", { class: "hint" })];
  const rows = foldedTable("Power over time", ["From", "Mean", "Lowest", "Highest"]);
  const none = html("p", { class: "empty small" }, "Nothing was measured in this time.");
  const csv = html("button", { type: "button", class: "soft", on: { click: () => saveCsv(state.ports.get(portId).name, last) } }, "Save as CSV");
  const part = loader({
    content: html("div", { class: "stack" }, curve.node, none, html("div", { class: "bar" }, note, csv), rows.node),
    waiting: "Fetching readings…",
    fetchIt: () => fetched(portId, RANGES.find(([name]) => name === range)[2]),
    show: (answer) => {
      last = answer;
      const isEmpty = answer.points.length === 0;
      none.hidden = !isEmpty;
      curve.node.hidden = note.hidden = rows.node.hidden = csv.hidden = isEmpty;
      curve.update(answer);
      setText(note, noteOf(answer));
      rows.update(summaries(answer).map((each) => summaryRow(each, answer)));
    },
  });

  function choose(next) {
    range = next;
    chosen(next);
    part.refresh();
  }

  const node = html("section", { class: "card stack", "aria-labelledby": "power" },
    html("header", { class: "bar" }, html("h2", { id: "power" }, "Power"), choiceBar("Time shown", RANGES, range, choose)), part.node);
  return { node, update: (_, freshMs) => part.refreshAfter(range === RANGES[0][0] ? freshMs : 5 * freshMs) };
}

/** All that the chart shows, up to now. */
async function fetched(portId, lengthMs) {
  const toMs = Date.now();
  const fromMs = toMs - lengthMs;
  const [recorded, events] = await Promise.all([
    api.portHistory(portId, { from: fromMs, to: toMs, width: POINTS }), api.eventsOfPort(portId, EVENTS),
  ]);
  const points = pointsOf(recorded);
  const cuts = events.filter(wasOff).map(({ detectedAt, endedAt }) => (
    { fromMs: Date.parse(detectedAt), toMs: endedAt ? Date.parse(endedAt) : toMs })).filter((cut) => cut.toMs > fromMs);
  return { recorded, points, cuts, fromMs, toMs, timeZone: state.account.timezone, label: labelOf(points, cuts) };
}

const wasOff = ({ actionTaken, outcome }) => actionTaken === "auto_cut" && !NOT_OBEYED.includes(outcome ?? "sent");

function labelOf(points, cuts) {
  if (points.length === 0) return "Power over time: nothing was measured";
  const { low, high } = extremes(points);
  const times = cuts.length === 1 ? "once" : `${cuts.length} times`;
  return `Power over time, from ${wattsText(low)} to ${wattsText(high)}; ${cuts.length ? `cut ${times}` : "never cut"}`;
}

const noteOf = ({ recorded, cuts, timeZone }) =>
  `Shown: ${RESOLUTION_WORDS[recorded.resolution]}; times in ${timeZone}. ${cuts.length === 0 ? "No cut" : cuts.length === 1 ? "One cut" : `${cuts.length} cuts`} in this time.`;

const extremes = (points) => ({
  low: points.reduce((least, { low }) => Math.min(least, low), Infinity),
  high: points.reduce((most, { high }) => Math.max(most, high), -Infinity),
});

/** The same curve in words: equal stretches with their mean and extremes. Where nothing was measured there is no row. */
function summaries({ points, fromMs, toMs }) {
  const stepMs = (toMs - fromMs) / TABLE_ROWS;
  const stretches = Map.groupBy(points, ({ atMs }) => Math.max(0, Math.floor((atMs - fromMs) / stepMs)));
  return [...stretches].map(([index, some]) => ({
    atMs: fromMs + index * stepMs, watts: some.reduce((sum, { watts }) => sum + watts, 0) / some.length, ...extremes(some),
  }));
}

const summaryRow = ({ atMs, watts, low, high }, { timeZone }) =>
  [timeText(atMs, timeZone, { dateStyle: "short", timeStyle: "short" }), wattsText(watts), wattsText(low), wattsText(high)];
