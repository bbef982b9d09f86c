/** Energy of the home: bars by day, week or month, totals, and the share of each outlet. */

import * as api from "../../api/client.js";
import { currentAccount, state } from "../../store/home.js";
import { energyTexts } from "../../texts/energy.js";
import { energyBars } from "../../ui/charts/energy_bars.js";
import { foldedTable, table } from "../../ui/charts/tables.js";
import { choiceBar } from "../../ui/controls.js";
import { html, setText } from "../../ui/dom.js";
import { energyText, moneyText, periodText, spanText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { energyTabs, outletLink } from "../common/energy_figures.js";
import { isDate, isPeriod, localDate, movedDate, pageAfter, pageBefore, querySpan } from "../common/energy_periods.js";
import { energyTotals } from "./energy_totals.js";

/** @import { EnergyFigures, HomeEnergy } from "../../api/types.d.ts" */
/** @import { Page, Part } from "../../ui/types.d.ts" */
/** @import { ShownPeriod } from "../common/energy_periods.js" */
/** @typedef {(period: ShownPeriod, last: string) => string} Turn from a day in the last period to one of another page */

const FRESH_MS = 5 * 60_000;
/** @type {[ShownPeriod, string][]} */
const PERIODS = [["day", energyTexts.periods.day], ["week", energyTexts.periods.week], ["month", energyTexts.periods.month]];

/**
 * Make the page.
 * @param {string} [periodInAddress]
 * @param {string} [lastInAddress] a day in the last period shown, so that a way back finds it
 * @returns {Page}
 */
export function energyPage(periodInAddress, lastInAddress) {
  /** @type {ShownPeriod} */
  let period = isPeriod(periodInAddress) ? periodInAddress : "day";
  let last = isDate(lastInAddress) ? lastInAddress : null; // null: up to today
  const report = energyReport();
  const pager = energyPager((turn) => show(period, turn(period, lastShown())));
  const part = loader({
    content: report.node,
    waiting: energyTexts.loading,
    fetchIt: () => api.energy(period, querySpan(period, lastShown(), currentAccount().timezone)),
    show: (answer) => {
      report.update(answer);
      pager.update(answer, last === null);
    },
  });

  /** Return a day in the last period shown. The present period goes on with the days. */
  function lastShown() {
    if (last !== null && movedDate(period, last, 1) > today()) last = null;
    return last ?? today();
  }

  /**
   * @param {ShownPeriod} nextPeriod
   * @param {string | null} nextLast
   */
  function show(nextPeriod, nextLast) {
    [period, last] = [nextPeriod, nextLast];
    lastShown();
    history.replaceState(null, "", ["#/energy", period, ...(last ? [last] : [])].join("/"));
    part.refresh();
  }

  const node = html("div", { class: "energy stack" },
    html("header", { class: "bar" }, html("h1", {}, energyTexts.title), energyTabs("#/energy")),
    html("div", { class: "bar" }, choiceBar(energyTexts.barsBy, PERIODS, period, (chosen) => show(chosen, null)), pager.node),
    part.node);
  return { title: energyTexts.title, node, update: () => state.account && part.refreshAfter(FRESH_MS) };
}

const today = () => localDate(Date.now(), currentAccount().timezone);

/**
 * Make the line that says which days are shown, with buttons to those before and after.
 * @param {(turn: Turn) => void} onTurn
 */
function energyPager(onTurn) {
  const span = html("p", { class: "span", role: "status" });
  const button = (/** @type {Turn} */ turn, /** @type {string} */ text, /** @type {string} */ sign) =>
    html("button", { type: "button", class: "soft", "aria-label": text, title: text, on: { click: () => onTurn(turn) } }, sign);
  const [back, forward] = [button(pageBefore, energyTexts.earlier, "‹"), button(pageAfter, energyTexts.later, "›")];
  return {
    node: html("div", { class: "pager" }, back, span, forward),
    /**
     * @param {HomeEnergy} answer
     * @param {boolean} isNewest
     */
    update({ periods, timezone }, isNewest) {
      const lastDay = localDate(Date.parse(periods[periods.length - 1].end) - 1, timezone);
      setText(span, spanText(periods[0].date, isNewest ? localDate(Date.now(), timezone) : lastDay));
      forward.disabled = isNewest;
    },
  };
}

/** @returns {Part<HomeEnergy>} */
function energyReport() {
  const { columns } = energyTexts;
  const figureColumns = [columns.used, columns.standby, columns.saved, columns.cost];
  const [totals, bars] = [energyTotals(), energyBars()];
  const none = html("p", { class: "empty small" }, energyTexts.empty);
  const periods = foldedTable(energyTexts.byPeriod, [columns.period, ...figureColumns]);
  const outlets = table(energyTexts.byOutlet, [columns.outlet, ...figureColumns]);
  const measured = html("div", { class: "stack" },
    html("section", { class: "card stack" }, bars.node, periods.node),
    html("section", { class: "card" }, outlets.node));
  return {
    node: html("div", { class: "stack" }, totals.node, none, measured),
    update(answer) {
      const isEmpty = answer.total.coveredSeconds === 0 && answer.total.savedKwh === 0;
      none.hidden = !isEmpty;
      measured.hidden = totals.node.hidden = isEmpty;
      totals.update(answer);
      bars.update(answer);
      periods.update(answer.periods.map((period) => [periodText(answer.period, period.date), ...figures(period, answer)]));
      outlets.update(byUse(answer.ports).map((port) => [outletLink(port), ...figures(port, answer)]));
    },
  };
}

/** @param {HomeEnergy["ports"]} ports */
const byUse = (ports) => [...ports].sort((first, second) => second.kwh - first.kwh || first.portName.localeCompare(second.portName));

/**
 * @param {EnergyFigures} figures
 * @param {HomeEnergy} answer
 */
const figures = ({ kwh, standbyKwh, savedKwh, cost }, { currency }) =>
  [energyText(kwh), energyText(standbyKwh), energyText(savedKwh), moneyText(cost, currency)];
