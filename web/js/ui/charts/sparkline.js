/** A small curve of the last minutes of watts. */

import { svg } from "../dom.js";

const WIDTH = 100;
const HEIGHT = 32;
const LEAST_MS = 60_000; // a young curve grows into a minute, then shows all that is kept
const GAP_MS = 150_000; // as long as a Pi that sends once a minute may be silent: no line is responsiveChart over a longer hole
const LEAST_WATTS = 5; // keeps the flicker of a few tenths of a watt from looking like a storm

/** {node, update(points)}: points are { atMs, watts } in the order of time. */
export function sparkline() {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line", "vector-effect": "non-scaling-stroke" });
  const tip = svg("path", { class: "tip", "vector-effect": "non-scaling-stroke" });
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" };
  const node = svg("svg", { class: "spark", "aria-hidden": "true", ...box },
    svg("path", { class: "ground", d: `M0 ${HEIGHT}H${WIDTH}`, "vector-effect": "non-scaling-stroke" }), area, line, tip);
  return {
    node,
    update(points) {
      const runs = placed(points);
      node.dataset.points = points.length;
      line.setAttribute("d", runs.map((run) => `M${run.map(pair).join("L")}`).join(""));
      const closed = (run) => `M${run[0][0]} ${HEIGHT}L${run.map(pair).join("L")}L${run.at(-1)[0]} ${HEIGHT}Z`;
      area.setAttribute("d", runs.map(closed).join(""));
      tip.setAttribute("d", runs.length ? `M${pair(runs.at(-1).at(-1))}h0` : ""); // no length: its round ends make a dot
    },
  };
}

const pair = ([x, y]) => `${x} ${y}`;

/** Runs of [x, y] without holes; the newest point is at the right edge. */
function placed(points) {
  if (points.length === 0) return [];
  const endMs = points.at(-1).atMs;
  const spanMs = Math.max(LEAST_MS, endMs - points[0].atMs);
  const top = Math.max(LEAST_WATTS, ...points.map(({ watts }) => watts)) * 1.08;
  const runs = [];
  let beforeMs = -Infinity;
  for (const { atMs, watts } of points) {
    if (atMs - beforeMs > GAP_MS) runs.push([]);
    beforeMs = atMs;
    runs.at(-1).push([round(WIDTH * (1 - (endMs - atMs) / spanMs)), round(HEIGHT * (1 - watts / top))]);
  }
  return runs;
}

const round = (value) => Math.round(value * 100) / 100;
