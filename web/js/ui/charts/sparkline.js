/** A small curve of the last minutes of watts. */

import { svg } from "../dom.js";

/** @import { PowerPoint } from "../../api/types.d.ts" */
/** @typedef {[x: number, y: number][]} Run points without a hole between them */

const WIDTH = 100;
const HEIGHT = 32;
const LEAST_MS = 60_000; // a young curve grows into a minute, then shows all that is kept
const GAP_MS = 150_000; // as long as a Pi that sends once a minute may be silent: no line is drawn over a longer hole
const LEAST_WATTS = 5; // keeps the flicker of a few tenths of a watt from looking like a storm

/**
 * Make the curve.
 * @returns {{ node: SVGElement, update: (points: PowerPoint[]) => void }} points in the order of time
 */
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
      const runs = sparkRuns(points);
      node.dataset.points = String(points.length);
      line.setAttribute("d", runs.map((run) => `M${path(run)}`).join(""));
      area.setAttribute("d", runs.map((run) => `M${run[0][0]} ${HEIGHT}L${path(run)}L${last(run)[0]} ${HEIGHT}Z`).join(""));
      tip.setAttribute("d", runs.length ? `M${path([last(last(runs))])}h0` : ""); // no length: its round ends make a dot
    },
  };
}

/** @param {Run} run */
const path = (run) => run.map(([x, y]) => `${x} ${y}`).join("L");

/** @type {<Item>(items: Item[]) => Item} */
const last = (items) => items[items.length - 1];

/**
 * Place points in the box: the newest at the right edge, a new run after each hole. What held is level.
 * @param {PowerPoint[]} points in the order of time
 * @returns {Run[]}
 */
export function sparkRuns(points) {
  if (points.length === 0) return [];
  const endMs = last(points).atMs;
  const spanMs = Math.max(LEAST_MS, endMs - points[0].atMs);
  const top = Math.max(LEAST_WATTS, ...points.map(({ watts }) => watts)) * 1.08;
  /** @type {Run[]} */
  const runs = [];
  let beforeMs = -Infinity;
  for (const { atMs, watts, heldMs = 0 } of points) {
    const sinceMs = Math.max(atMs - heldMs, beforeMs);
    if (sinceMs - beforeMs > GAP_MS) runs.push([]);
    beforeMs = atMs;
    for (const pointMs of sinceMs < atMs ? [sinceMs, atMs] : [atMs]) {
      last(runs).push([round(WIDTH * Math.max(0, 1 - (endMs - pointMs) / spanMs)), round(HEIGHT * (1 - watts / top))]);
    }
  }
  return runs;
}

/** @param {number} value */
const round = (value) => Math.round(value * 100) / 100;
