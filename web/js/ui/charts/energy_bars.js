/** Stacked bars of energy by day, week or month: in use, standby, and what cuts saved on top. */

import { html, svg } from "../dom.js";
import { energyText, periodAxisText, periodText } from "../format.js";
import { responsiveChart, roundTicks } from "./scales.js";

const HEIGHT = 240;
const MARGIN = { top: 26, right: 14, bottom: 26, left: 46 };
const WIDEST_BAR = 46;
const LABEL_WIDTH = 46;
const LEAST_KWH = 0.01; // a home that used nothing still has an axis

export const PARTS = [
  ["use", "in use", ({ kwh, standbyKwh }) => kwh - standbyKwh],
  ["standby", "standby", ({ standbyKwh }) => standbyKwh],
  ["saved", "saved by cuts", ({ savedKwh }) => savedKwh],
];

/** {node, update(answer)}: an answer of /energy; its figures are in a table beside the chart, so this is one image. */
export function energyBars() {
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
    PARTS.map(([part, words]) => html("span", { data: { part } }, words)));
}

function barsOf(answer, width) {
  const { periods, period, total } = answer;
  const ticks = roundTicks(Math.max(LEAST_KWH, ...periods.map(({ kwh, savedKwh }) => kwh + savedKwh)));
  const slot = (width - MARGIN.left - MARGIN.right) / periods.length;
  const place = { slot, left: MARGIN.left, y: (kwh) => HEIGHT - MARGIN.bottom - (kwh / ticks.at(-1)) * (HEIGHT - MARGIN.top - MARGIN.bottom) };
  const label = `Energy by ${period}: ${energyText(total.kwh)} used, ${energyText(total.standbyKwh)} of it standby, ${energyText(total.savedKwh)} saved`;
  return svg("svg", { class: "plot", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label },
    svg("text", { x: MARGIN.left - 8, y: 12, "text-anchor": "end" }, unitOf(ticks)),
    ticks.map((kwh) => gridLine(kwh, unitOf(ticks), width, place)),
    periods.map((each, index) => bar(each, index, answer, place)));
}

/** All labels of an axis have the unit of its top. */
const unitOf = (ticks) => (ticks.at(-1) < 0.1 ? "Wh" : "kWh");

function gridLine(kwh, unit, width, { y }) {
  const text = (unit === "Wh" ? kwh * 1000 : kwh).toLocaleString(undefined, { maximumSignificantDigits: 3 });
  return svg("g", { class: "grid-line" },
    svg("line", { x1: MARGIN.left, x2: width - MARGIN.right, y1: y(kwh), y2: y(kwh) }),
    svg("text", { x: MARGIN.left - 8, y: y(kwh) + 4, "text-anchor": "end" }, text));
}

function bar(each, index, { periods, period }, { slot, left, y }) {
  const width = Math.min(WIDEST_BAR, slot * 0.68);
  const x = left + slot * (index + 0.5);
  const every = Math.ceil(LABEL_WIDTH / slot);
  const isLabelled = (periods.length - 1 - index) % every === 0;
  let below = 0;
  const parts = PARTS.map(([part, , kwhOf]) => {
    const [from, to] = [below, (below += Math.max(0, kwhOf(each)))];
    return to > from && svg("rect", { class: part, x: x - width / 2, width, y: y(to), height: Math.max(1, y(from) - y(to)), rx: Math.min(3, width / 4) });
  });
  return svg("g", { class: "bar" },
    svg("title", {}, barTitle(each, period)),
    svg("rect", { class: "hit", x: x - slot / 2, width: slot, y: MARGIN.top, height: HEIGHT - MARGIN.top - MARGIN.bottom }),
    parts,
    isLabelled && svg("text", { x, y: HEIGHT - 8, "text-anchor": "middle" }, periodAxisText(period, each.date)));
}

function barTitle(each, period) {
  const figures = PARTS.map(([, words, kwhOf]) => `${energyText(kwhOf(each))} ${words}`);
  return `${periodText(period, each.date)}: ${figures.join(", ")}`;
}
