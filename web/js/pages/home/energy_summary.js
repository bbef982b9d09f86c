/** The card on top of the home: this month, a year of standby, what was saved so far, and the last seven days. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { savingsTexts } from "../../texts/energy.js";
import { summaryTexts } from "../../texts/home.js";
import { html, svg } from "../../ui/dom.js";
import { energyParts, energyText, moneyText, periodText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { fact } from "../common/energy_figures.js";
import { longestSavings, presentSpan } from "../common/energy_queries.js";

/** @import { AlwaysOnReport, HomeEnergy } from "../../api/types.d.ts" */
/** @import { Part } from "../../ui/types.d.ts" */
/** @typedef {{ month: HomeEnergy, days: HomeEnergy, alwaysOn: AlwaysOnReport, saved: { word: string, report: HomeEnergy } }} Reports */

const FRESH_MS = 5 * 60_000;
const SPARK = { width: 140, height: 48, gap: 6 };
const LEAST_BAR_HEIGHT = 2; // a day without any use is still seen

/**
 * Make the card. The figures of before are shown at once when the home is opened again.
 * @returns {{ node: HTMLElement, update: () => void }}
 */
export function energySummary() {
  const facts = summaryFacts();
  const empty = html("p", {}, summaryTexts.empty);
  const figures = html("div", { class: "figures" }, facts.node, html("a", { class: "button soft", href: "#/energy" }, summaryTexts.more));
  const part = loader({
    content: html("div", {}, empty, figures),
    waiting: summaryTexts.loading,
    fetchIt: fetchReports,
    show: (reports) => {
      state.summary = reports;
      const isEmpty = reports.saved.report.total.coveredSeconds === 0;
      empty.hidden = !isEmpty;
      figures.hidden = isEmpty;
      if (!isEmpty) facts.update(reports);
    },
  });
  const node = html("section", { class: "card summary", "aria-label": summaryTexts.label }, part.node);
  if (state.summary) part.show(state.summary);
  return { node, update: () => part.refreshAfter(FRESH_MS) };
}

/** @returns {Promise<Reports>} */
async function fetchReports() {
  const [month, days, alwaysOn] = await Promise.all([api.energy("month", presentSpan()), api.energy("day"), api.alwaysOn()]);
  return { month, days, alwaysOn, saved: await longestSavings(month) };
}

/** @returns {Part<Reports>} */
function summaryFacts() {
  const [month, standby, saved] = [summaryTexts.month, summaryTexts.standby, savingsTexts.savedSoFar].map(fact);
  const week = html("div", { class: "fact week" });
  return {
    node: html("dl", { class: "totals" }, month.node, standby.node, saved.node, week),
    update({ month: { total }, days, alwaysOn: { outlets }, saved: { word, report } }) {
      const { currency } = days;
      const yearlyCost = outlets.reduce((sum, outlet) => sum + outlet.yearlyCost, 0);
      const yearlyKwh = outlets.reduce((sum, outlet) => sum + outlet.yearlyKwh, 0);
      month.update(energyParts(total.kwh), moneyText(total.cost, currency));
      standby.update([moneyText(yearlyCost, currency), ""], energyText(yearlyKwh));
      saved.update(energyParts(report.total.savedKwh), moneyText(report.total.savedMoney, currency), word);
      week.replaceChildren(html("dt", {}, summaryTexts.week), html("dd", {}, weekSpark(days), html("small", {}, energyText(days.total.kwh))));
    },
  };
}

/**
 * Draw seven small bars. The same days are a table on the energy page.
 * @param {HomeEnergy} days
 */
function weekSpark({ periods }) {
  const { width, height, gap } = SPARK;
  const top = Math.max(...periods.map(({ kwh }) => kwh)) || 1;
  const slot = width / periods.length;
  const texts = periods.map(({ date, kwh }) => `${periodText("day", date)}: ${energyText(kwh)}`);
  const bar = (/** @type {string} */ part, /** @type {number} */ index, /** @type {number} */ barHeight) =>
    svg("rect", { class: part, x: index * slot + gap / 2, width: slot - gap, y: height - barHeight, height: barHeight, rx: 2 });
  return svg("svg", { class: "plot week", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": texts.join(", ") },
    periods.map(({ kwh, standbyKwh }, index) => svg("g", {},
      svg("title", {}, texts[index]),
      bar("use", index, Math.max(LEAST_BAR_HEIGHT, (kwh / top) * height)),
      bar("standby", index, (standbyKwh / top) * height))));
}
