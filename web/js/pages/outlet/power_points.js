/** The points of a power curve: readings as they came, or averages with their extremes. Pure. */

/** @import { PortHistory } from "../../api/types.d.ts" */
/**
 * @typedef {{ atMs: number, endMs: number, watts: number, low: number, high: number, isHeld?: true }} CurvePoint
 *   endMs is atMs for a reading; isHeld: it is one all the same, which held from atMs to endMs
 */
/** @typedef {{ fromMs: number, toMs: number }} Cut when an outlet was off by a cut */

/**
 * @typedef {object} PowerView what a power chart shows
 * @property {PortHistory} recorded
 * @property {CurvePoint[]} points
 * @property {Cut[]} cuts
 * @property {number} fromMs epoch ms
 * @property {number} toMs epoch ms
 * @property {string} timeZone IANA name
 * @property {string} label the chart in words
 */

export const GAP_MS = 120_000; // as in the energy rules: past two minutes without a reading the draw is unknown

/**
 * Turn the columns of a history into points. Unmeasured stretches are left out.
 * @param {PortHistory} history
 * @returns {CurvePoint[]}
 */
export function pointsOf({ resolution, columns }) {
  return columns.timestampMs.flatMap((atMs, index) => {
    const watts = resolution === "raw" ? columns.power[index] : columns.meanWatts[index];
    if (watts === null) return [];
    if (resolution === "raw") return [readingPoint(atMs, columns.heldMs?.[index] ?? 0, columns.timestampMs[index - 1] ?? -Infinity, watts)];
    const endMs = atMs + (columns.seconds[index] ?? 0) * 1000;
    return [{ atMs, endMs, watts, low: columns.minWatts[index] ?? watts, high: columns.maxWatts[index] ?? watts }];
  });
}

/**
 * A reading is level for as long as it held, but not beyond the reading before it.
 * @param {number} endMs
 * @param {number} heldMs
 * @param {number} beforeMs the time of the reading before it
 * @param {number} watts
 * @returns {CurvePoint}
 */
function readingPoint(endMs, heldMs, beforeMs, watts) {
  const atMs = Math.max(endMs - heldMs, beforeMs);
  const point = { atMs, endMs, watts, low: watts, high: watts };
  return heldMs > 0 && atMs < endMs ? { ...point, isHeld: true } : { ...point, atMs: endMs };
}

/**
 * Split points into stretches without a gap.
 * @param {CurvePoint[]} points in the order of time
 * @returns {CurvePoint[][]}
 */
export function runsOf(points) {
  /** @type {CurvePoint[][]} */
  const runs = [];
  let endMs = -Infinity;
  for (const point of points) {
    const isReading = point.isHeld || point.atMs === point.endMs;
    if (point.atMs - endMs > (isReading ? GAP_MS : 0)) runs.push([]);
    runs[runs.length - 1].push(point);
    endMs = point.endMs;
  }
  return runs;
}

/**
 * Find the point nearest to a time.
 * @param {CurvePoint[]} points
 * @param {number} atMs epoch ms
 * @returns {{ point: CurvePoint, distanceMs: number } | null}
 */
export function nearestPoint(points, atMs) {
  /** @type {{ point: CurvePoint, distanceMs: number } | null} */
  let nearest = null;
  for (const point of points) {
    const distanceMs = Math.max(point.atMs - atMs, atMs - point.endMs, 0);
    if (!nearest || distanceMs < nearest.distanceMs) nearest = { point, distanceMs };
  }
  return nearest;
}
