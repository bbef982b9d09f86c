/** Energy of the home: bars by day, week or month, totals, and what each outlet has of them. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { energyBars } from "../../ui/charts/energy_bars.js";
import { foldedTable, table } from "../../ui/charts/tables.js";
import { choiceBar } from "../../ui/controls.js";
import { html, setText } from "../../ui/dom.js";
import { energyText, moneyText, periodText, spanText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { energyTabs } from "../common/energy_figures.js";
import { isDate, isPeriod, localDate, moved, pageAfter, pageBefore, PERIODS, querySpan } from "../common/energy_periods.js";
import { energyTotals } from "./energy_totals.js";

const FRESH_MS = 5 * 60_000;

/** {title, node, update()}; the address may name the period and the last day shown, so that a way back finds them. */
export function energyPage(wanted, date) {
  let period = isPeriod(wanted) ? wanted : "day";
  let last = isDate(date) ? date : null; // null: up to today
  const report = energyReport();
  const pager = energyPager((turned) => show(period, turned(period, lastShown())));
  const part = loader({
    content: report.node,
    waiting: "Adding up what was used…",
    fetchIt: () => api.energy(period, querySpan(period, lastShown(), state.account.timezone)),
    show: (answer) => {
      report.update(answer);
      pager.update(answer, last === null);
    },
  });

  /** A day in the last period shown; where that is the present one, it goes on with the days. */
  function lastShown() {
    if (last !== null && moved(period, last, 1) > today()) last = null;
    return last ?? today();
  }

  function show(nextPeriod, nextLast) {
    [period, last] = [nextPeriod, nextLast];
    lastShown();
    history.replaceState(null, "", ["#/energy", period, ...(last ? [last] : [])].join("/"));
    part.refresh();
  }

  const node = html("div", { class: "energy stack" },
    html("header", { class: "bar" }, html("h1", {}, "Energy"), energyTabs("#/energy")),
    html("div", { class: "bar" }, choiceBar("Bars by", PERIODS, period, (chosen) => show(chosen, null)), pager.node),
    part.node);
  return { title: "Energy", node, update: () => state.account && part.refreshAfter(FRESH_MS) };
}

const today = () => localDate(Date.now(), state.account.timezone);

/** The days shown, and buttons to those before and after. */
function energyPager(turn) {
  const shown = html("p", { class: "span", role: "status" });
  const button = (turned, words, sign) =>
    html("button", { type: "button", class: "soft", "aria-label": words, title: words, on: { click: () => turn(turned) } }, sign);
  const [back, on] = [button(pageBefore, "Earlier", "‹"), button(pageAfter, "Later", "›")];
  return {
    node: html("div", { class: "pager" }, back, shown, on),
    update({ periods, timezone }, isNewest) {
      const lastDay = localDate(Date.parse(periods.at(-1).end) - 1, timezone);
      setText(shown, spanText(periods[0].date, isNewest ? localDate(Date.now(), timezone) : lastDay));
      on.disabled = isNewest;
    },
  };
}

function energyReport() {
  const [totals, bars] = [energyTotals(), energyBars()];
  const none = html("p", { class: "empty small" }, "Nothing was measured in this time. Energy appears here minutes after the first readings of an outlet.");
  const periods = foldedTable("Energy by period", ["Period", "Used", "Standby", "Saved", "Cost"]);
  const outlets = table("Energy by outlet", ["Outlet", "Used", "Standby", "Saved", "Cost"]);
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
      periods.update(answer.periods.map((each) => [periodText(answer.period, each.date), ...figures(each, answer)]));
      outlets.update(sorted(answer.ports).map((port) => [outletLink(port), ...figures(port, answer)]));
    },
  };
}

const sorted = (ports) => [...ports].sort((a, b) => b.kwh - a.kwh || a.portName.localeCompare(b.portName));

const outletLink = ({ portId, portName }) => html("a", { href: `#/port/${portId}` }, portName);

const figures = ({ kwh, standbyKwh, savedKwh, cost }, { currency }) =>
  [energyText(kwh), energyText(standbyKwh), energyText(savedKwh), moneyText(cost, currency)];
