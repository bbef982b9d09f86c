/** Axes of charts: round figures, and local times that stay round over a change of the clocks. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DAY_MS, HOUR_MS, roundTicks, timeTicks } from "../../web/js/ui/charts/scales.js";

const at = (iso) => Date.parse(iso);

test("an axis begins at 0 and ends at or above its top", () => {
  assert.deepEqual(roundTicks(4), [0, 1, 2, 3, 4]);
  assert.deepEqual(roundTicks(95), [0, 25, 50, 75, 100]);
  assert.deepEqual(roundTicks(2300), [0, 1000, 2000, 3000]);
});

test("an axis has about as many steps as asked for, at any magnitude", () => {
  for (let top = 0.003; top < 30_000; top *= 1.37) {
    const ticks = roundTicks(top);
    assert.ok(ticks.at(-1) >= top * (1 - 1e-9), `${top}`);
    assert.ok(ticks.at(-2) < top, `${top}`);
    assert.ok(ticks.length >= 3 && ticks.length <= 6, `${top}: ${ticks}`);
  }
});

test("ticks of an hour are round minutes, no more than fit", () => {
  const { ticks, stepMs } = timeTicks(at("2026-03-10T10:07Z"), at("2026-03-10T11:07Z"), "UTC", 4);
  assert.equal(stepMs, HOUR_MS / 4);
  assert.deepEqual(ticks, ["10:15", "10:30", "10:45", "11:00"].map((clock) => at(`2026-03-10T${clock}Z`)));
});

test("ticks of many days stand on local midnights, also after the clocks have changed", () => {
  const { ticks, stepMs } = timeTicks(at("2026-03-27T12:00Z"), at("2026-03-31T12:00Z"), "Europe/Berlin", 7);
  assert.equal(stepMs, DAY_MS);
  assert.deepEqual(ticks, ["2026-03-27T23:00Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z", "2026-03-30T22:00Z"].map(at));
});
