/** What charts and reports are drawn from: points, gaps, pages of periods, dates of tariffs, CSV. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { dayAfter, dayBefore } from "../../web/js/pages/account/tariff_days.js";
import { isDate, isPeriod, localDate, movedDate, pageBefore, querySpan } from "../../web/js/pages/common/energy_periods.js";
import { csvText } from "../../web/js/pages/outlet/power_csv.js";
import { nearestPoint, pointsOf, runsOf } from "../../web/js/pages/outlet/power_points.js";
import { sparkRuns } from "../../web/js/ui/charts/sparkline.js";

const MINUTE_MS = 60_000;

test("readings have no length, averages have one and their extremes", () => {
  assert.deepEqual(pointsOf({ resolution: "raw", columns: { timestampMs: [5], power: [2] } }), [{ atMs: 5, endMs: 5, watts: 2, low: 2, high: 2 }]);
  const columns = { timestampMs: [0, 300_000], seconds: [300, 300], meanWatts: [4, null], minWatts: [1, null], maxWatts: [9, null] };
  assert.deepEqual(pointsOf({ resolution: "5m", columns }), [{ atMs: 0, endMs: 300_000, watts: 4, low: 1, high: 9 }]);
});

test("a reading is level for as long as it held, but not beyond the reading before it", () => {
  const held = { timestampMs: [0, 300_000, 400_000, 900_000], heldMs: [0, 300_000, 300_000, 100_000], power: [2, 3, 4, 5] };
  const points = pointsOf({ resolution: "raw", columns: held });
  assert.deepEqual(points.map(({ atMs, endMs }) => [atMs, endMs]), [[0, 0], [0, 300_000], [300_000, 400_000], [800_000, 900_000]]);
  assert.deepEqual(runsOf(points).map((run) => run.length), [3, 1], "before the last one nobody knows what was drawn");
  assert.equal(nearestPoint(points, 150_000).point.watts, 3);
});

test("a curve is broken where nobody knows what was drawn", () => {
  const at = (atMs) => ({ atMs, endMs: atMs, watts: 1, low: 1, high: 1 });
  const runs = runsOf([at(0), at(2 * MINUTE_MS), at(2 * MINUTE_MS + 120_001)]);
  assert.deepEqual(runs.map((run) => run.length), [2, 1]);
});

test("the nearest point may be an average around the time", () => {
  const points = [{ atMs: 0, endMs: 10 }, { atMs: 40, endMs: 50 }];
  assert.deepEqual(nearestPoint(points, 45), { point: points[1], distanceMs: 0 });
  assert.equal(nearestPoint(points, 20).point, points[0]);
  assert.equal(nearestPoint([], 20), null);
});

test("a sparkline ends at the right edge and is broken by a long silence", () => {
  const runs = sparkRuns([{ atMs: 0, watts: 5 }, { atMs: 300_000, watts: 10 }]);
  assert.equal(runs.length, 2);
  assert.equal(runs[1][0][0], 100);
  assert.deepEqual(sparkRuns([]), []);
});

test("a sparkline is level and whole where readings held", () => {
  const runs = sparkRuns([{ atMs: 0, watts: 5 }, { atMs: 300_000, watts: 10, heldMs: 300_000 }, { atMs: 600_000, watts: 5, heldMs: 300_000 }]);
  assert.equal(runs.length, 1);
  assert.deepEqual(runs[0].map(([x]) => x), [0, 0, 50, 50, 100]);
  const [[start, end]] = sparkRuns([{ atMs: 900_000, watts: 10, heldMs: 900_000 }]);
  assert.deepEqual([start[0], end[0]], [0, 100]);
});

test("pages of periods turn over months and years", () => {
  assert.equal(movedDate("day", "2026-03-01", -1), "2026-02-28");
  assert.equal(movedDate("week", "2026-01-01", -1), "2025-12-25");
  assert.equal(movedDate("month", "2026-01-31", 1), "2026-02-01");
  assert.equal(pageBefore("month", "2026-03-15"), "2025-03-01");
});

test("what is asked of the API lies inside the first and the last day of the zone", () => {
  for (const timeZone of ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
    const { from, to } = querySpan("day", "2026-03-14", timeZone);
    assert.equal(localDate(from, timeZone), "2026-03-01");
    assert.equal(localDate(to, timeZone), "2026-03-14");
  }
});

test("an address may say anything", () => {
  assert.ok(isPeriod("week") && !isPeriod("toString") && !isPeriod(undefined));
  assert.ok(isDate("2026-02-28") && !isDate("2026-13-01") && !isDate("yesterday") && !isDate(undefined));
});

test("people count the last day of a tariff, the API the first one after it", () => {
  assert.equal(dayAfter("2026-12-31"), "2027-01-01");
  assert.equal(dayBefore("2024-03-01"), "2024-02-29");
});

test("CSV has a line for each time, and nothing where nothing was measured", () => {
  assert.equal(csvText({ timestampMs: [1, 2], meanWatts: [3.5, null] }), "timestampMs,meanWatts\r\n1,3.5\r\n2,\r\n");
});
