/** What draws power all the time: the dearest three, what to do, every outlet, and the home at night. */

import * as api from "../api.js";
import { fill, h, setText } from "../dom.js";
import { wattsParts, wattsText } from "../format.js";
import { loader } from "../loader.js";
import { energyText, moneyText } from "../quantities.js";
import { state } from "../store.js";
import { table } from "./chart_table.js";
import { energyTabs } from "./energy_tabs.js";
import { fact } from "./energy_totals.js";

const FRESH_MS = 10 * 60_000;

/** {title, node, update()}. */
export function alwaysOnView() {
  const report = alwaysOnReport();
  const part = loader({ content: report.node, waiting: "Looking at the last days and nights…", fetchIt: api.alwaysOn, show: report.update });
  const node = h("div", { class: "always-on stack" },
    h("header", { class: "bar" }, h("h1", {}, "Always on"), energyTabs("#/always-on")), part.node);
  return { title: "Always on", node, update: () => state.account && part.refreshAfter(FRESH_MS) };
}

function alwaysOnReport() {
  const [yearly, night] = [fact("Standby in a year"), fact("Your home at night")];
  const worst = h("ol", { class: "worst" });
  const none = h("p", { class: "empty small" }, "No standby was measured in the last week. What stays on shows here once outlets have been measured for a day.");
  const all = table("Standby by outlet", ["Outlet", "Standby", "Hours a day", "In a year", "Cost in a year", "Lowest", "What to do"]);
  const list = h("section", { class: "card" }, all.node);
  const dearest = h("section", { "aria-labelledby": "worst" }, h("h2", { id: "worst" }, "The dearest three"), worst);
  return {
    node: h("div", { class: "stack" }, h("dl", { class: "totals" }, yearly.node, night.node), none, dearest, list),
    update(answer) {
      const { outlets, currency } = answer;
      const three = outlets.filter((outlet) => outlet.worst);
      showYear(yearly, answer);
      showNight(night, answer);
      none.hidden = three.length > 0;
      dearest.hidden = three.length === 0;
      list.hidden = outlets.length === 0;
      setText(dearest.querySelector("h2"), three.length === 1 ? "The dearest" : three.length === 2 ? "The dearest two" : "The dearest three");
      fill(worst, three.map((outlet) => worstCard(outlet, currency)));
      all.update(outlets.map((outlet) => outletRow(outlet, currency)));
    },
  };
}

function showYear(yearly, { outlets, currency, days }) {
  const sum = (field) => outlets.reduce((total, outlet) => total + outlet[field], 0);
  const amount = moneyText(sum("yearlyCost"), currency);
  yearly.update([amount, ""], `${energyText(sum("yearlyKwh"))}, if all weeks were like the last ${days} days`);
}

function showNight(night, { baselineWatts, nights }) {
  if (baselineWatts === null) night.update(["–", "W"], "needs one night in which every outlet was measured");
  else night.update(wattsParts(baselineWatts), `the quietest quarter hour; the middle of ${nights === 1 ? "1 night" : `${nights} nights`}`);
}

function worstCard({ portId, portName, standbyWatts, standbyHoursADay, yearlyCost, yearlyKwh, advice, alwaysOn }, currency) {
  return h("li", { class: "card" },
    h("h3", {}, h("a", { href: `#/port/${portId}` }, portName)),
    h("p", { class: "watts" }, h("strong", {}, moneyText(yearlyCost, currency)), h("span", {}, "a year")),
    h("p", { class: "place" }, [
      standbyWatts === null ? null : `${wattsText(standbyWatts)} for ${hoursText(standbyHoursADay)} a day`,
      `${energyText(yearlyKwh)} a year`, alwaysOn ? "never off" : null,
    ].filter(Boolean).join(" · ")),
    h("p", {}, advice));
}

const hoursText = (hours) => `${hours.toLocaleString(undefined, { maximumFractionDigits: 1 })}\u00a0h`;

const outletRow = ({ portId, portName, standbyWatts, standbyHoursADay, yearlyKwh, yearlyCost, lowestWatts, advice }, currency) => [
  h("a", { href: `#/port/${portId}` }, portName),
  standbyWatts === null ? "–" : wattsText(standbyWatts), hoursText(standbyHoursADay), energyText(yearlyKwh),
  moneyText(yearlyCost, currency), lowestWatts === null ? "–" : wattsText(lowestWatts), advice,
];
