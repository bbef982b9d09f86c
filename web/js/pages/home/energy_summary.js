/** The card on top of the home: this month, a year of standby, what was saved so far, and the last seven days. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { html, svg } from "../../ui/dom.js";
import { energyParts, energyText, moneyText, periodText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { fact } from "../common/energy_figures.js";
import { now, savedSoFar } from "../common/energy_queries.js";

const FRESH_MS = 5 * 60_000;
const SPARK = { width: 140, height: 48, gap: 6 };

/** {node, update()}; what was last shown is shown at once when the home is opened again. */
export function energySummary() {
  const facts = summaryFacts();
  const empty = html("p", {},
    "What your home uses, costs and saves shows here, minutes after an outlet's first readings.");
  const shown = html("div", { class: "figures" }, facts.node, html("a", { class: "button soft", href: "#/energy" }, "See energy"));
  const part = loader({
    content: html("div", {}, empty, shown),
    waiting: "Adding up your energy…",
    fetchIt: fetched,
    show: (answers) => {
      state.summary = answers;
      const isEmpty = answers.saved.answer.total.coveredSeconds === 0;
      empty.hidden = !isEmpty;
      shown.hidden = isEmpty;
      if (!isEmpty) facts.update(answers);
    },
  });
  const node = html("section", { class: "card summary", "aria-label": "Energy and money" }, part.node);
  if (state.summary) part.put(state.summary);
  return { node, update: () => part.refreshAfter(FRESH_MS) };
}

async function fetched() {
  const [month, days, alwaysOn] = await Promise.all([api.energy("month", now()), api.energy("day"), api.alwaysOn()]);
  return { month, days, alwaysOn, saved: await savedSoFar(month) };
}

function summaryFacts() {
  const [month, standby, saved] = ["This month", "Standby in a year", "Saved so far"].map(fact);
  const week = html("div", { class: "fact week" });
  return {
    node: html("dl", { class: "totals" }, month.node, standby.node, saved.node, week),
    update({ month: { total }, days, alwaysOn, saved: { words, answer } }) {
      const { currency } = days;
      const yearly = (field) => alwaysOn.outlets.reduce((sum, outlet) => sum + outlet[field], 0);
      month.update(energyParts(total.kwh), moneyText(total.cost, currency));
      standby.update([moneyText(yearly("yearlyCost"), currency), ""], energyText(yearly("yearlyKwh")));
      saved.update(energyParts(answer.total.savedKwh), moneyText(answer.total.savedMoney, currency), words);
      week.replaceChildren(html("dt", {}, "Last 7 days"), html("dd", {}, weekSpark(days), html("small", {}, energyText(days.total.kwh))));
    },
  };
}

/** Seven small bars; the same days are a table on the energy page. */
function weekSpark({ periods }) {
  const { width, height, gap } = SPARK;
  const top = Math.max(...periods.map(({ kwh }) => kwh)) || 1;
  const slot = width / periods.length;
  const words = periods.map(({ date, kwh }) => `${periodText("day", date)}: ${energyText(kwh)}`);
  return svg("svg", { class: "plot week", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words.join(", ") },
    periods.map(({ kwh, standbyKwh }, index) => svg("g", {},
      svg("title", {}, words[index]),
      ["use", "standby"].map((part) => {
        const tall = Math.max(part === "use" ? 2 : 0, ((part === "use" ? kwh : standbyKwh) / top) * height);
        return svg("rect", { class: part, x: index * slot + gap / 2, width: slot - gap, y: height - tall, height: tall, rx: 2 });
      }))));
}
