/** Figures, times and names as people read them (in US English: see package.json). */

import assert from "node:assert/strict";
import { test } from "node:test";

import { agoText, bytesText, durationText, sensorNumber, wattsText, spacedName } from "../../web/js/ui/format.js";
import { energyText, moneyText, percentText, periodText, spanText, timeText } from "../../web/js/ui/format.js";

const NBSP = "\u00a0";
const NOW_MS = Date.parse("2026-03-10T12:00:00Z");

test("watts have a decimal where it says something, and kilowatts come late", () => {
  assert.equal(wattsText(0), `0${NBSP}W`);
  assert.equal(wattsText(2.84), `2.8${NBSP}W`);
  assert.equal(wattsText(142.4), `142${NBSP}W`);
  assert.equal(wattsText(9_999), `9,999${NBSP}W`);
  assert.equal(wattsText(11_250), `11.25${NBSP}kW`);
});

test("energy changes its unit below a tenth of a kilowatt-hour", () => {
  assert.equal(energyText(0), `0${NBSP}kWh`);
  assert.equal(energyText(0.0042), `4.2${NBSP}Wh`);
  assert.equal(energyText(0.048), `48${NBSP}Wh`);
  assert.equal(energyText(5.013), `5.01${NBSP}kWh`);
  assert.equal(energyText(123.4), `123${NBSP}kWh`);
});

test("tiny amounts of money keep two digits, large ones no cents", () => {
  assert.equal(moneyText(0.0042, "EUR"), "€0.0042");
  assert.equal(moneyText(12.3, "EUR"), "€12.30");
  assert.equal(moneyText(1234.5, "EUR"), "€1,235");
  assert.equal(moneyText(1500, "JPY"), "¥1,500");
});

test("a duration has its one or two largest units", () => {
  assert.equal(durationText(42_000), "42 s");
  assert.equal(durationText(58 * 60_000), "58 min");
  assert.equal(durationText(2 * 3_600_000), "2 h");
  assert.equal(durationText(150 * 60_000), "2 h 30 min");
  assert.equal(durationText(72 * 3_600_000), "3 days");
});

test("an age becomes coarser, and a date after a week", () => {
  const before = (ms) => agoText(new Date(NOW_MS - ms).toISOString(), NOW_MS);
  assert.equal(before(3_000), "just now");
  assert.equal(before(5 * 60_000), "5 min ago");
  assert.equal(before(3.4 * 3_600_000), "3 h ago");
  assert.match(before(8 * 86_400_000), /^Mar 2, 2026/);
});

test("sensors have as many digits as help, and their names become words", () => {
  assert.equal(sensorNumber(21.43219), "21.43");
  assert.equal(sensorNumber(1013.2512), "1,013.25");
  assert.equal(spacedName("roomTemperature"), "room temperature");
  assert.equal(spacedName("soil_moisture.2"), "soil moisture 2");
});

test("sizes and shares are rounded", () => {
  assert.equal(bytesText(48_300), `48.3${NBSP}kB`);
  assert.equal(bytesText(2_500_000), `2.5${NBSP}MB`);
  assert.equal(percentText(0.126), "13%");
});

test("local dates keep their day whatever the zone of the browser", () => {
  assert.equal(periodText("day", "2026-03-09"), "Mon, Mar 9");
  assert.equal(periodText("week", "2026-03-09"), "Week of Mar 9");
  assert.equal(periodText("month", "2026-03-01"), "March 2026");
  assert.match(spanText("2026-03-01", "2026-03-14"), /^Mar 1\s–\s14, 2026$/);
});

test("a moment is shown on the clock of the zone", () => {
  assert.equal(timeText(NOW_MS, "America/New_York", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }), "08:00");
});
