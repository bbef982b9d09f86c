/** What charts share: round steps for an axis, local times for ticks, and drawing anew when the width changes. */

import { html } from "../dom.js";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
const LEAST_WIDTH = 120; // no room for an axis
const TIME_STEPS_MS = [5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS)
  .concat([1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS), [1, 2, 5, 10, 15].map((days) => days * DAY_MS));

/**
 * Choose round values from 0 up to the first that is not below `top`.
 * @param {number} top above 0
 * @param {number} [count] about how many steps
 * @returns {number[]}
 */
export function roundTicks(top, count = 4) {
  const rough = top / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 2.5, 5].find((candidate) => candidate * magnitude >= rough) ?? 10;
  const step = factor * magnitude;
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, index) => index * step);
}

/**
 * Choose round local times of a zone between two times; whole days if the span is long.
 * @param {number} fromMs epoch ms
 * @param {number} toMs epoch ms
 * @param {string} timeZone IANA name
 * @param {number} count the most ticks
 * @returns {{ ticks: number[], stepMs: number }} ticks in epoch ms
 */
export function timeTicks(fromMs, toMs, timeZone, count) {
  const leastMs = toMs - fromMs > 2 * DAY_MS ? DAY_MS : 0;
  const fits = TIME_STEPS_MS.find((step) => step >= leastMs && (toMs - fromMs) / step <= count);
  const stepMs = fits ?? TIME_STEPS_MS[TIME_STEPS_MS.length - 1];
  const first = Math.ceil((fromMs + offsetMs(fromMs, timeZone)) / stepMs) * stepMs;
  const ticks = [];
  for (let localMs = first; ; localMs += stepMs) {
    const atMs = localMs - offsetMs(localMs - offsetMs(fromMs, timeZone), timeZone); // a clock change moves those after it
    if (atMs > toMs) return { ticks, stepMs };
    ticks.push(atMs);
  }
}

/**
 * @param {number} atMs epoch ms
 * @param {string} timeZone IANA name
 * @returns {number} how far the zone's clocks are ahead of UTC
 */
function offsetMs(atMs, timeZone) {
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    clock.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
}

/**
 * Make a box whose content is drawn for its width, and again whenever the width changes.
 * @param {(width: number) => SVGElement | string} draw
 * @returns {{ node: HTMLElement, redraw: () => void }}
 */
export function responsiveChart(draw) {
  const node = html("div", { class: "chart" });
  let width = 0;
  function redraw() {
    if (width >= LEAST_WIDTH) node.replaceChildren(draw(width));
  }
  new ResizeObserver(([{ contentRect }]) => {
    if (Math.round(contentRect.width) === width) return;
    width = Math.round(contentRect.width);
    redraw();
  }).observe(node);
  return { node, redraw };
}
