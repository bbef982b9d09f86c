/** The curve of an outlet's watts: readings as they came, or means with their extremes; cuts lie behind it. */

import { DAY_MS, HOUR_MS, responsiveChart, roundTicks, timeTicks } from "../../ui/charts/scales.js";
import { html, setText, svg } from "../../ui/dom.js";
import { timeText, wattsText } from "../../ui/format.js";

const HEIGHT = 260;
const MARGIN = { top: 14, right: 8, bottom: 26, left: 52 };
const TICK_WIDTH = 72;
const LEAST_WATTS = 5;
const GAP_MS = 120_000; // as in the energy rules: past two minutes without a reading nobody knows what was responsiveChart

/** {node, update({points, cuts, fromMs, toMs, timeZone, label})}: points as of pointsOf, cuts as {fromMs, toMs}. */
export function powerCurve() {
  let shown = null;
  const told = html("p", { class: "readout", "aria-hidden": "true" });
  const chart = responsiveChart((width) => (shown ? curveOf(shown, width) : ""));
  chart.node.addEventListener("pointermove", ({ offsetX }) => shown && setText(told, readout(shown, offsetX, chart.node.clientWidth)));
  chart.node.addEventListener("pointerleave", () => setText(told, ""));
  const legend = html("figcaption", { class: "legend", "aria-hidden": "true" },
    html("span", { data: { part: "power" } }, "power"), html("span", { data: { part: "range" } }, "lowest to highest"),
    html("span", { data: { part: "cut" } }, "off by a cut"));
  return {
    node: html("figure", { class: "power" }, chart.node, html("div", { class: "under" }, legend, told)),
    update(newer) {
      shown = newer;
      legend.querySelector("[data-part=range]").hidden = !newer.points.some(({ low, high }) => low !== high);
      legend.querySelector("[data-part=cut]").hidden = newer.cuts.length === 0;
      chart.redraw();
    },
  };
}

/** The columns of a history as {atMs, endMs, watts, low, high}; a reading has no length. Unmeasured stretches are left out. */
export function pointsOf({ resolution, columns }) {
  const times = columns.timestampMs;
  if (resolution === "raw") return times.map((atMs, index) => reading(atMs, columns.power[index]));
  return times.map((atMs, index) => ({
    atMs, endMs: atMs + columns.seconds[index] * 1000,
    watts: columns.meanWatts[index], low: columns.minWatts[index] ?? columns.meanWatts[index],
    high: columns.maxWatts[index] ?? columns.meanWatts[index],
  })).filter(({ watts }) => watts !== null);
}

const reading = (atMs, watts) => ({ atMs, endMs: atMs, watts, low: watts, high: watts });

function scales({ points, fromMs, toMs }, width) {
  const ticks = roundTicks(Math.max(LEAST_WATTS, ...points.map(({ high }) => high)));
  const [left, right, bottom] = [MARGIN.left, width - MARGIN.right, HEIGHT - MARGIN.bottom];
  return {
    left, right, bottom, ticks,
    x: (atMs) => round(left + ((Math.min(Math.max(atMs, fromMs), toMs) - fromMs) / (toMs - fromMs)) * (right - left)),
    y: (watts) => round(bottom - (watts / ticks.at(-1)) * (bottom - MARGIN.top)),
  };
}

const round = (value) => Math.round(value * 10) / 10;

function curveOf(shown, width) {
  const scale = scales(shown, width);
  const runs = runsOf(shown.points);
  const path = (kind, d) => svg("path", { class: kind, d: runs.map(d).join("") });
  return svg("svg", { class: "plot", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": shown.label },
    shown.cuts.map((cut) => cutBand(cut, scale)),
    scale.ticks.map((watts) => wattsLine(watts, scale)),
    timeLabels(shown, scale, width),
    path("range", (run) => outline(edge(run, "high", scale), edge(run, "low", scale).reverse())),
    path("area", (run) => outline(edge(run, "watts", scale), [[scale.x(run.at(-1).endMs), scale.bottom], [scale.x(run[0].atMs), scale.bottom]])),
    path("line", (run) => `M${edge(run, "watts", scale).join("L")}`));
}

/** Stretches without a gap. */
function runsOf(points) {
  const runs = [];
  let endMs = -Infinity;
  for (const point of points) {
    const isReading = point.atMs === point.endMs;
    if (point.atMs - endMs > (isReading ? GAP_MS : 0)) runs.push([]);
    runs.at(-1).push(point);
    endMs = point.endMs;
  }
  return runs;
}

/** [x, y] along a run; a stretch is level from its start to its end. */
const edge = (run, field, { x, y }) =>
  run.flatMap((point) => (point.atMs === point.endMs
    ? [[x(point.atMs), y(point[field])]]
    : [[x(point.atMs), y(point[field])], [x(point.endMs), y(point[field])]]));

const outline = (there, back) => `M${there.join("L")}L${back.join("L")}Z`;

function wattsLine(watts, { left, right, y }) {
  return svg("g", { class: "grid-line" },
    svg("line", { x1: left, x2: right, y1: y(watts), y2: y(watts) }),
    svg("text", { x: left - 8, y: y(watts) + 4, "text-anchor": "end" }, watts === 0 ? "0" : axisText(watts)));
}

const axisText = (watts) =>
  (watts >= 10_000 ? `${(watts / 1000).toLocaleString()} kW` : `${watts.toLocaleString(undefined, { maximumFractionDigits: 1 })} W`);

function timeLabels({ fromMs, toMs, timeZone }, { x, left, right, bottom }, width) {
  const { ticks, stepMs } = timeTicks(fromMs, toMs, timeZone, Math.max(2, Math.floor(width / TICK_WIDTH)));
  const options = stepMs < DAY_MS ? { hour: "numeric", minute: "2-digit" } : { day: "numeric", month: "short" };
  const inside = ticks.filter((atMs) => x(atMs) > left + 20 && x(atMs) < right - 20);
  return inside.map((atMs) => svg("text", { class: "tick", x: x(atMs), y: bottom + 18, "text-anchor": "middle" }, timeText(atMs, timeZone, options)));
}

function cutBand({ fromMs, toMs }, { x, bottom }) {
  const [from, to] = [x(fromMs), x(toMs)];
  return svg("g", { class: "cut" },
    svg("rect", { x: from, width: Math.max(1, to - from), y: MARGIN.top, height: bottom - MARGIN.top }),
    svg("line", { x1: from, x2: from, y1: MARGIN.top - 6, y2: bottom }),
    svg("circle", { cx: from, cy: MARGIN.top - 6, r: 4 }));
}

/** What was responsiveChart where the pointer is. */
function readout({ points, fromMs, toMs, timeZone }, offsetX, width) {
  const atMs = fromMs + ((offsetX - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * (toMs - fromMs);
  const nearest = points.reduce((best, point) => (best && distance(best, atMs) <= distance(point, atMs) ? best : point), null);
  if (!nearest || distance(nearest, atMs) > Math.max(GAP_MS, (toMs - fromMs) / 50)) return "";
  const time = timeText(nearest.atMs, timeZone, { dateStyle: "medium", timeStyle: toMs - fromMs <= HOUR_MS ? "medium" : "short" });
  const range = nearest.low === nearest.high ? "" : ` (${wattsText(nearest.low)} to ${wattsText(nearest.high)})`;
  return `${time}: ${wattsText(nearest.watts)}${range}`;
}

const distance = ({ atMs, endMs }, at) => Math.max(atMs - at, at - endMs, 0);
