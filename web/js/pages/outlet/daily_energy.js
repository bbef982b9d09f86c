/** The energy of one outlet by day. */

import * as api from "../../api/client.js";
import { currentAccount } from "../../store/home.js";
import { dailyEnergyTexts } from "../../texts/outlet.js";
import { energyBars } from "../../ui/charts/energy_bars.js";
import { foldedTable } from "../../ui/charts/tables.js";
import { html, setText } from "../../ui/dom.js";
import { energyText, moneyText, percentText, periodText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { localDate, querySpan } from "../common/energy_periods.js";

/** @import { EnergyPeriod, PortEnergy } from "../../api/types.d.ts" */
/** @import { OutletPart } from "./outlet_page.js" */

const FULLY_MEASURED = 0.95; // a few lost minutes are not worth a note

/**
 * Make the card.
 * @param {string} portId
 * @returns {OutletPart}
 */
export function dailyEnergy(portId) {
  const [bars, sum, note] = [energyBars(), html("p"), html("p", { class: "hint" })];
  const days = foldedTable(dailyEnergyTexts.title, dailyEnergyTexts.columns);
  const part = loader({
    content: html("div", { class: "stack" }, sum, bars.node, note, days.node),
    waiting: dailyEnergyTexts.loading,
    fetchIt: () => fetchDays(portId),
    show: (answer) => {
      setText(sum, sumText(answer));
      setText(note, coverageText(answer));
      bars.update(answer);
      days.update(answer.periods.map((day) => dayRow(day, answer.currency)));
    },
  });
  const node = html("section", { class: "card stack", "aria-labelledby": "energy-days" },
    html("h2", { id: "energy-days" }, dailyEnergyTexts.title), part.node);
  return { node, update: (_, freshMs) => part.refreshAfter(5 * freshMs) };
}

/** @param {string} portId */
function fetchDays(portId) {
  const { timezone } = currentAccount();
  return api.portEnergy(portId, "day", querySpan("day", localDate(Date.now(), timezone), timezone));
}

/** @param {PortEnergy} answer */
const sumText = ({ total, periods, currency }) => dailyEnergyTexts.sum({
  kwh: energyText(total.kwh), days: periods.length, cost: moneyText(total.cost, currency),
  standby: energyText(total.standbyKwh), saved: energyText(total.savedKwh),
});

/**
 * @param {EnergyPeriod} day
 * @returns {number} the share of its time so far that was measured, 0 to 1
 */
const measuredShare = ({ start, end, coveredSeconds }) =>
  Math.min(1, (coveredSeconds * 1000) / Math.max(1, Math.min(Date.parse(end), Date.now()) - Date.parse(start)));

/** @param {PortEnergy} answer */
function coverageText({ periods }) {
  const first = periods.findIndex(({ coveredSeconds }) => coveredSeconds > 0);
  if (first < 0) return dailyEnergyTexts.empty;
  const partly = periods.slice(first).filter((day) => measuredShare(day) < FULLY_MEASURED).length;
  return partly === 0 ? "" : dailyEnergyTexts.partly(partly);
}

/**
 * @param {EnergyPeriod} day
 * @param {string} currency
 */
const dayRow = (day, currency) => [
  periodText("day", day.date), energyText(day.kwh), energyText(day.standbyKwh), energyText(day.savedKwh),
  moneyText(day.cost, currency), percentText(measuredShare(day)),
];
