/** Stacked bars of energy by day, week or month: in use, standby, and what cuts saved on top. */

import { energyTexts } from "../../texts/energy.js";
import { html, svg } from "../dom.js";
import { energyText, periodAxisText, periodText } from "../format.js";
import { responsiveChart, roundTicks } from "./scales.js";

/** @import { EnergyPeriod, PortEnergy } from "../../api/types.d.ts" */
/** @typedef {{ slot: number, left: number, y: (kwh: number) => number }} Layout slot: the width of a bar's place */

const HEIGHT = 240;
const MARGIN = { top: 26, right: 14, bottom: 26, left: 46 };
const WIDEST_BAR = 46;
const LABEL_WIDTH = 46;
const LEAST_KWH = 0.01; // a home that used nothing still has an axis

/** @type {readonly { name: "use" | "standby" | "saved", kwhOf: (period: EnergyPeriod) => number }[]} */
const PARTS = [
  { name: "use", kwhOf: ({ kwh, standbyKwh }) => kwh - standbyKwh },
  { name: "standby", kwhOf: ({ standbyKwh }) => standbyKwh },
  { name: "saved", kwhOf: ({ savedKwh }) => savedKwh },
];

/**
 * Make the chart. Its figures are in a table beside it, so it is one image.
 * @returns {{ node: HTMLElement, update: (answer: PortEnergy) => void }}
 */
export function energyBars() {
  /** @type {PortEnergy | null} */
  let answer = null;
  const chart = responsiveChart((width) => (answer ? barsOf(answer, width) : ""));
  const node = html("figure", { class: "bars" }, chart.node, legend());
  return {
    node,
    update(newer) {
      answer = newer;
      chart.redraw();
    },
  };
}

function legend() {
  return html("figcaption", { class: "legend", "aria-hidden": "true" },
    PARTS.map(({ name }) => html("span", { data: { part: name } }, energyTexts.parts[name])));
}

/**
 * @param {PortEnergy} answer
 * @param {number} width
 */
function barsOf(answer, width) {
  const { periods } = answer;
  const ticks = roundTicks(Math.max(LEAST_KWH, ...periods.map(({ kwh, savedKwh }) => kwh + savedKwh)));
  const top = ticks[ticks.length - 1];
  const unit = top < 0.1 ? "Wh" : "kWh"; // all labels of an axis have the unit of its top
  const layout = {
    slot: (width - MARGIN.left - MARGIN.right) / periods.length,
    left: MARGIN.left,
    y: (/** @type {number} */ kwh) => HEIGHT - MARGIN.bottom - (kwh / top) * (HEIGHT - MARGIN.top - MARGIN.bottom),
  };
  return svg("svg", { class: "plot", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": energyTexts.barsLabel(answer, energyText) },
    svg("text", { x: MARGIN.left - 8, y: 12, "text-anchor": "end" }, unit),
    ticks.map((kwh) => gridLine(kwh, unit, width, layout)),
    periods.map((period, index) => bar(period, index, answer, layout)));
}

/**
 * @param {number} kwh
 * @param {string} unit
 * @param {number} width
 * @param {Layout} layout
 */
function gridLine(kwh, unit, width, { y }) {
  const text = (unit === "Wh" ? kwh * 1000 : kwh).toLocaleString(undefined, { maximumSignificantDigits: 3 });
  return svg("g", { class: "grid-line" },
    svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(kwh), y2: y(kwh) }),
    svg("text", { x: MARGIN.left - 8, y: y(kwh) + 4, "text-anchor": "end" }, text));
}

/**
 * @param {EnergyPeriod} shown
 * @param {number} index
 * @param {PortEnergy} answer
 * @param {Layout} layout
 */
function bar(shown, index, { periods, period }, { slot, left, y }) {
  const width = Math.min(WIDEST_BAR, slot * 0.68);
  const x = left + slot * (index + 0.5);
  const labelEvery = Math.ceil(LABEL_WIDTH / slot);
  const isLabelled = (periods.length - 1 - index) % labelEvery === 0;
  let below = 0;
  const parts = PARTS.map(({ name, kwhOf }) => {
    const from = below;
    below += Math.max(0, kwhOf(shown));
    return below > from && svg("rect", { class: name, x: x - width / 2, width, y: y(below), height: Math.max(1, y(from) - y(below)), rx: Math.min(3, width / 4) });
  });
  const figures = PARTS.map(({ name, kwhOf }) => `${energyText(kwhOf(shown))} ${energyTexts.parts[name]}`);
  return svg("g", { class: "bar" },
    svg("title", {}, `${periodText(period, shown.date)}: ${figures.join(", ")}`),
    svg("rect", { class: "hit", x: x - slot / 2, width: slot, y: MARGIN.top, height: HEIGHT - MARGIN.top - MARGIN.bottom }),
    parts,
    isLabelled && svg("text", { x, y: HEIGHT - 8, "text-anchor": "middle" }, periodAxisText(period, shown.date)));
}
