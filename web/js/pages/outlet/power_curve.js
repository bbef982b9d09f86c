/** The curve of an outlet's watts, with its cuts behind it. */

import { powerTexts } from "../../texts/outlet.js";
import { DAY_MS, HOUR_MS, responsiveChart, roundTicks, timeTicks } from "../../ui/charts/scales.js";
import { descendant, html, setText, svg } from "../../ui/dom.js";
import { timeText, wattsText } from "../../ui/format.js";
import { GAP_MS, nearestPoint, runsOf } from "./power_points.js";

/** @import { Part } from "../../ui/types.d.ts" */
/** @import { Cut, CurvePoint, PowerView } from "./power_points.js" */
/** @typedef {[x: number, y: number]} Place */
/**
 * @typedef {object} Scale
 * @property {number} left
 * @property {number} right
 * @property {number} bottom
 * @property {number[]} ticks watts
 * @property {(atMs: number) => number} x
 * @property {(watts: number) => number} y
 */

const HEIGHT = 260;
const MARGIN = { top: 14, right: 8, bottom: 26, left: 52 };
const TICK_WIDTH = 72;
const LEAST_WATTS = 5;

/**
 * Make the chart.
 * @returns {Part<PowerView>}
 */
export function powerCurve() {
  /** @type {PowerView | null} */
  let shown = null;
  const readout = html("p", { class: "readout", "aria-hidden": "true" });
  const chart = responsiveChart((width) => (shown ? curveOf(shown, width) : ""));
  chart.node.addEventListener("pointermove", ({ offsetX }) => {
    if (shown) setText(readout, readoutText(shown, offsetX, chart.node.clientWidth));
  });
  chart.node.addEventListener("pointerleave", () => setText(readout, ""));
  const { power, range, cut } = powerTexts.legend;
  const legend = html("figcaption", { class: "legend", "aria-hidden": "true" },
    html("span", { data: { part: "power" } }, power), html("span", { data: { part: "range" } }, range), html("span", { data: { part: "cut" } }, cut));
  return {
    node: html("figure", { class: "power" }, chart.node, html("div", { class: "under" }, legend, readout)),
    update(view) {
      shown = view;
      descendant(legend, "[data-part=range]").hidden = !view.points.some(({ low, high }) => low !== high);
      descendant(legend, "[data-part=cut]").hidden = view.cuts.length === 0;
      chart.redraw();
    },
  };
}

/**
 * @param {PowerView} view
 * @param {number} width
 * @returns {Scale}
 */
function scaleOf({ points, fromMs, toMs }, width) {
  const ticks = roundTicks(Math.max(LEAST_WATTS, ...points.map(({ high }) => high)));
  const top = ticks[ticks.length - 1];
  const [left, right, bottom] = [MARGIN.left, width - MARGIN.right, HEIGHT - MARGIN.bottom];
  return {
    left, right, bottom, ticks,
    x: (atMs) => round(left + ((Math.min(Math.max(atMs, fromMs), toMs) - fromMs) / (toMs - fromMs)) * (right - left)),
    y: (watts) => round(bottom - (watts / top) * (bottom - MARGIN.top)),
  };
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/**
 * @param {PowerView} view
 * @param {number} width
 */
function curveOf(view, width) {
  const scale = scaleOf(view, width);
  const runs = runsOf(view.points);
  const path = (/** @type {string} */ name, /** @type {(run: CurvePoint[]) => string} */ draw) =>
    svg("path", { class: name, d: runs.map(draw).join("") });
  return svg("svg", { class: "plot", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": view.label },
    view.cuts.map((cut) => cutBand(cut, scale)),
    scale.ticks.map((watts) => wattsLine(watts, scale)),
    timeLabels(view, scale, width),
    path("range", (run) => outline(edge(run, "high", scale), edge(run, "low", scale).reverse())),
    path("area", (run) => outline(edge(run, "watts", scale), ground(run, scale))),
    path("line", (run) => `M${edge(run, "watts", scale).join("L")}`));
}

/**
 * Follow a run; an average is level from its start to its end.
 * @param {CurvePoint[]} run
 * @param {"watts" | "low" | "high"} field
 * @param {Scale} scale
 * @returns {Place[]}
 */
const edge = (run, field, { x, y }) =>
  run.flatMap((point) => {
    /** @type {Place} */
    const start = [x(point.atMs), y(point[field])];
    return point.atMs === point.endMs ? [start] : [start, [x(point.endMs), y(point[field])]];
  });

/**
 * @param {CurvePoint[]} run
 * @param {Scale} scale
 * @returns {Place[]} from the end of a run back to its start, along the axis
 */
const ground = (run, { x, bottom }) => [[x(run[run.length - 1].endMs), bottom], [x(run[0].atMs), bottom]];

/**
 * @param {Place[]} forth
 * @param {Place[]} back
 */
const outline = (forth, back) => `M${forth.join("L")}L${back.join("L")}Z`;

/**
 * @param {number} watts
 * @param {Scale} scale
 */
function wattsLine(watts, { left, right, y }) {
  return svg("g", { class: "grid-line" },
    svg("line", { x1: left, x2: right, y1: y(watts), y2: y(watts) }),
    svg("text", { x: left - 8, y: y(watts) + 4, "text-anchor": "end" }, watts === 0 ? "0" : axisText(watts)));
}

/** @param {number} watts */
const axisText = (watts) =>
  (watts >= 10_000 ? `${(watts / 1000).toLocaleString()} kW` : `${watts.toLocaleString(undefined, { maximumFractionDigits: 1 })} W`);

/**
 * @param {PowerView} view
 * @param {Scale} scale
 * @param {number} width
 */
function timeLabels({ fromMs, toMs, timeZone }, { x, left, right, bottom }, width) {
  const { ticks, stepMs } = timeTicks(fromMs, toMs, timeZone, Math.max(2, Math.floor(width / TICK_WIDTH)));
  /** @type {Intl.DateTimeFormatOptions} */
  const options = stepMs < DAY_MS ? { hour: "numeric", minute: "2-digit" } : { day: "numeric", month: "short" };
  const inside = ticks.filter((atMs) => x(atMs) > left + 20 && x(atMs) < right - 20);
  return inside.map((atMs) => svg("text", { class: "tick", x: x(atMs), y: bottom + 18, "text-anchor": "middle" }, timeText(atMs, timeZone, options)));
}

/**
 * @param {Cut} cut
 * @param {Scale} scale
 */
function cutBand({ fromMs, toMs }, { x, bottom }) {
  const [from, to] = [x(fromMs), x(toMs)];
  return svg("g", { class: "cut" },
    svg("rect", { x: from, width: Math.max(1, to - from), y: MARGIN.top, height: bottom - MARGIN.top }),
    svg("line", { x1: from, x2: from, y1: MARGIN.top - 6, y2: bottom }),
    svg("circle", { cx: from, cy: MARGIN.top - 6, r: 4 }));
}

/**
 * Write what was drawn at the pointer; "" where nothing was measured.
 * @param {PowerView} view
 * @param {number} offsetX
 * @param {number} width
 */
function readoutText({ points, fromMs, toMs, timeZone }, offsetX, width) {
  const atMs = fromMs + ((offsetX - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * (toMs - fromMs);
  const nearest = nearestPoint(points, atMs);
  if (!nearest || nearest.distanceMs > Math.max(GAP_MS, (toMs - fromMs) / 50)) return "";
  const { point } = nearest;
  const time = timeText(point.atMs, timeZone, { dateStyle: "medium", timeStyle: toMs - fromMs <= HOUR_MS ? "medium" : "short" });
  const range = point.low === point.high ? "" : ` (${powerTexts.range(wattsText(point.low), wattsText(point.high))})`;
  return `${time}: ${wattsText(point.watts)}${range}`;
}
