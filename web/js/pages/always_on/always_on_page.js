/** What draws power all the time: the dearest three, what to do, every outlet, and the home at night. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { table } from "../../ui/charts/tables.js";
import { html, replaceChildren, setText } from "../../ui/dom.js";
import { energyText, moneyText, wattsParts, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { energyTabs, fact } from "../common/energy_figures.js";

const FRESH_MS = 10 * 60_000;

/** {title, node, update()}. */
export function alwaysOnPage() {
  const report = alwaysOnReport();
  const part = loader({ content: report.node, waiting: "Looking at the last days and nights…", fetchIt: api.alwaysOn, show: report.update });
  const node = html("div", { class: "always-on stack" },
    html("header", { class: "bar" }, html("h1", {}, "Always on"), energyTabs("#/always-on")), part.node);
  return { title: "Always on", node, update: () => state.account && part.refreshAfter(FRESH_MS) };
}

function alwaysOnReport() {
  const [yearly, night] = [fact("Standby in a year"), fact("Your home at night")];
  const worst = html("ol", { class: "worst" });
  const none = html("p", { class: "empty small" }, "No standby was measured in the last week. What stays on shows here once outlets have been measured for a day.");
  const all = table("Standby by outlet", ["Outlet", "Standby", "Hours a day", "In a year", "Cost in a year", "Lowest", "What to do"]);
  const list = html("section", { class: "card" }, all.node);
  const dearest = html("section", { "aria-labelledby": "worst" }, html("h2", { id: "worst" }, "The dearest three"), worst);
  return {
    node: html("div", { class: "stack" }, html("dl", { class: "totals" }, yearly.node, night.node), none, dearest, list),
    update(answer) {
      const { outlets, currency } = answer;
      const three = outlets.filter((outlet) => outlet.worst);
      showYear(yearly, answer);
      showNight(night, answer);
      none.hidden = three.length > 0;
      dearest.hidden = three.length === 0;
      list.hidden = outlets.length === 0;
      setText(dearest.querySelector("h2"), three.length === 1 ? "The dearest" : three.length === 2 ? "The dearest two" : "The dearest three");
      replaceChildren(worst, three.map((outlet) => worstCard(outlet, currency)));
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
  return html("li", { class: "card" },
    html("h3", {}, html("a", { href: `#/port/${portId}` }, portName)),
    html("p", { class: "watts" }, html("strong", {}, moneyText(yearlyCost, currency)), html("span", {}, "a year")),
    html("p", { class: "place" }, [
      standbyWatts === null ? null : `${wattsText(standbyWatts)} for ${hoursText(standbyHoursADay)} a day`,
      `${energyText(yearlyKwh)} a year`, alwaysOn ? "never off" : null,
    ].filter(Boolean).join(" · ")),
    html("p", {}, advice));
}

const hoursText = (hours) => `${hours.toLocaleString(undefined, { maximumFractionDigits: 1 })}\u00a0h`;

const outletRow = ({ portId, portName, standbyWatts, standbyHoursADay, yearlyKwh, yearlyCost, lowestWatts, advice }, currency) => [
  html("a", { href: `#/port/${portId}` }, portName),
  standbyWatts === null ? "–" : wattsText(standbyWatts), hoursText(standbyHoursADay), energyText(yearlyKwh),
  moneyText(yearlyCost, currency), lowestWatts === null ? "–" : wattsText(lowestWatts), advice,
];
