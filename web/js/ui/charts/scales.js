/** What charts share: round steps for an axis, local times for ticks, and drawing anew when the width changes. */

import { html } from "../dom.js";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
const LEAST_WIDTH = 120; // no room for an axis
const TIME_STEPS_MS = [5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS)
  .concat([1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS), [1, 2, 5, 10, 15].map((days) => days * DAY_MS));

/** Round values from 0 up to the first that is not below `top`, about `count` of them. */
export function roundTicks(top, count = 4) {
  const rough = top / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough) * magnitude;
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, index) => index * step);
}

/** Round local times of a zone between two times, at most `count`, whole days if there are many; and their step. */
export function timeTicks(fromMs, toMs, timeZone, count) {
  const leastMs = toMs - fromMs > 2 * DAY_MS ? DAY_MS : 0;
  const stepMs = TIME_STEPS_MS.find((step) => step >= leastMs && (toMs - fromMs) / step <= count) ?? TIME_STEPS_MS.at(-1);
  const first = Math.ceil((fromMs + offsetMs(fromMs, timeZone)) / stepMs) * stepMs;
  const ticks = [];
  for (let localMs = first; ; localMs += stepMs) {
    const atMs = localMs - offsetMs(localMs - offsetMs(fromMs, timeZone), timeZone); // a clock change moves those after it
    if (atMs > toMs) return { ticks, stepMs };
    ticks.push(atMs);
  }
}

/** How far a zone's clocks are ahead of UTC at a time. */
function offsetMs(atMs, timeZone) {
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    clock.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
}

/** A box of which draw(width) makes the SVG, again whenever the width changes; {node, redraw()}. */
export function responsiveChart(draw) {
  const node = html("div", { class: "chart" });
  let width = 0;
  const redraw = () => width >= LEAST_WIDTH && node.replaceChildren(draw(width));
  new ResizeObserver(([{ contentRect }]) => {
    if (Math.round(contentRect.width) === width) return;
    width = Math.round(contentRect.width);
    redraw();
  }).observe(node);
  return { node, redraw };
}
