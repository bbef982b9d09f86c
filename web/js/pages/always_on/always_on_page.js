/** What draws power all the time: the most expensive three, what to do, every outlet, and the home at night. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { alwaysOnTexts } from "../../texts/energy.js";
import { table } from "../../ui/charts/tables.js";
import { html, replaceChildren, setText } from "../../ui/dom.js";
import { energyText, moneyText, wattsParts, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { energyTabs, fact, outletLink } from "../common/energy_figures.js";

/** @import { AlwaysOnOutlet, AlwaysOnReport } from "../../api/types.d.ts" */
/** @import { Page, Part } from "../../ui/types.d.ts" */
/** @import { Fact } from "../common/energy_figures.js" */

const FRESH_MS = 10 * 60_000;

/**
 * Make the page.
 * @returns {Page}
 */
export function alwaysOnPage() {
  const report = alwaysOnReport();
  const part = loader({ content: report.node, waiting: alwaysOnTexts.loading, fetchIt: api.alwaysOn, show: report.update });
  const node = html("div", { class: "always-on stack" },
    html("header", { class: "bar" }, html("h1", {}, alwaysOnTexts.title), energyTabs("#/always-on")), part.node);
  return { title: alwaysOnTexts.title, node, update: () => state.account && part.refreshAfter(FRESH_MS) };
}

/** @returns {Part<AlwaysOnReport>} */
function alwaysOnReport() {
  const [yearly, night] = [fact(alwaysOnTexts.yearly), fact(alwaysOnTexts.night)];
  const worstList = html("ol", { class: "worst" });
  const none = html("p", { class: "empty small" }, alwaysOnTexts.empty);
  const outletTable = table(alwaysOnTexts.caption, alwaysOnTexts.columns);
  const outletCard = html("section", { class: "card" }, outletTable.node);
  const heading = html("h2", { id: "worst" }, alwaysOnTexts.worst(3));
  const worstSection = html("section", { "aria-labelledby": "worst" }, heading, worstList);
  return {
    node: html("div", { class: "stack" }, html("dl", { class: "totals" }, yearly.node, night.node), none, worstSection, outletCard),
    update(answer) {
      const { outlets, currency } = answer;
      const worst = outlets.filter((outlet) => outlet.worst);
      showYear(yearly, answer);
      showNight(night, answer);
      none.hidden = worst.length > 0;
      worstSection.hidden = worst.length === 0;
      outletCard.hidden = outlets.length === 0;
      setText(heading, alwaysOnTexts.worst(worst.length));
      replaceChildren(worstList, worst.map((outlet) => worstCard(outlet, currency)));
      outletTable.update(outlets.map((outlet) => outletRow(outlet, currency)));
    },
  };
}

/**
 * @param {Fact} yearly
 * @param {AlwaysOnReport} answer
 */
function showYear(yearly, { outlets, currency, days }) {
  const cost = outlets.reduce((total, { yearlyCost }) => total + yearlyCost, 0);
  const kwh = outlets.reduce((total, { yearlyKwh }) => total + yearlyKwh, 0);
  yearly.update([moneyText(cost, currency), ""], alwaysOnTexts.yearlyBasis(energyText(kwh), days));
}

/**
 * @param {Fact} night
 * @param {AlwaysOnReport} answer
 */
function showNight(night, { baselineWatts, nights }) {
  if (baselineWatts === null) night.update([commonTexts.noFigure, "W"], alwaysOnTexts.nightUnknown);
  else night.update(wattsParts(baselineWatts), alwaysOnTexts.nightBasis(nights));
}

/**
 * @param {AlwaysOnOutlet} outlet
 * @param {string} currency
 */
function worstCard(outlet, currency) {
  const { standbyWatts, standbyHoursADay, yearlyCost, yearlyKwh, advice, alwaysOn } = outlet;
  const basis = [
    standbyWatts !== null && alwaysOnTexts.hoursADay(wattsText(standbyWatts), hoursText(standbyHoursADay)),
    alwaysOnTexts.energyAYear(energyText(yearlyKwh)),
    alwaysOn && alwaysOnTexts.neverOff,
  ];
  return html("li", { class: "card" },
    html("h3", {}, outletLink(outlet)),
    html("p", { class: "watts" }, html("strong", {}, moneyText(yearlyCost, currency)), html("span", {}, alwaysOnTexts.aYear)),
    html("p", { class: "place" }, basis.filter(Boolean).join(" · ")),
    html("p", {}, advice));
}

/** @param {number} hours */
const hoursText = (hours) => `${hours.toLocaleString(undefined, { maximumFractionDigits: 1 })}\u00a0h`;

/** @param {number | null} watts */
const wattsOrNone = (watts) => (watts === null ? commonTexts.noFigure : wattsText(watts));

/**
 * @param {AlwaysOnOutlet} outlet
 * @param {string} currency
 */
const outletRow = (outlet, currency) => [
  outletLink(outlet), wattsOrNone(outlet.standbyWatts), hoursText(outlet.standbyHoursADay), energyText(outlet.yearlyKwh),
  moneyText(outlet.yearlyCost, currency), wattsOrNone(outlet.lowestWatts), outlet.advice,
];
