/** Savings: what the cuts have saved, cut by cut with the rule behind the figures, and what more could be saved. */

import * as api from "../../api/client.js";
import { currentAccount, state } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { savingsTexts } from "../../texts/energy.js";
import { actionButton } from "../../ui/controls.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { attempt } from "../../ui/feedback.js";
import { durationText, energyParts, energyText, momentText, moneyText, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { energyTabs, fact, outletLink } from "../common/energy_figures.js";
import { presentSpan, reportSinceStart, unlessTooMany } from "../common/energy_queries.js";
import { whatIfCard } from "./what_if_card.js";

/** @import { HomeEnergy, Saving, SavingPage } from "../../api/types.d.ts" */
/** @import { Page } from "../../ui/types.d.ts" */
/** @import { Fact } from "../common/energy_figures.js" */

const PAGE = 10;
const FRESH_MS = 5 * 60_000;

/**
 * Make the page.
 * @returns {Page}
 */
export function savingsPage() {
  const [totals, ledger, whatIf] = [savingsTotals(), savingsLedger(), whatIfCard()];
  const node = html("div", { class: "savings stack" },
    html("header", { class: "bar" }, html("h1", {}, savingsTexts.title), energyTabs("#/savings")),
    totals.node, html("div", { class: "halves" }, whatIf.node, ledger.node));

  function update() {
    if (!state.account) return;
    totals.refreshAfter(FRESH_MS);
    whatIf.refreshAfter(FRESH_MS);
    ledger.readOnce();
  }

  return { title: savingsTexts.title, node, update };
}

/** Make the totals of today, this month, this year and so far; those that are too long to add up are left out. */
function savingsTotals() {
  const facts = [savingsTexts.today, savingsTexts.thisMonth, savingsTexts.thisYear, savingsTexts.soFar].map(fact);
  return loader({
    content: html("dl", { class: "totals" }, facts.map(({ node }) => node)),
    waiting: savingsTexts.loadingTotals,
    fetchIt: () => Promise.all([
      api.energy("day", presentSpan()), api.energy("month", presentSpan()),
      unlessTooMany(api.energy("year", presentSpan())), reportSinceStart(),
    ]),
    show: (reports) => reports.forEach((report, index) => showTotal(facts[index], report)),
  });
}

/**
 * @param {Fact} total
 * @param {HomeEnergy | null} report
 */
function showTotal({ node, update }, report) {
  node.hidden = !report;
  if (report) update(energyParts(report.total.savedKwh), moneyText(report.total.savedMoney, report.currency));
}

function savingsLedger() {
  const list = html("ol", { class: "ledger" });
  const none = html("p", { class: "empty small" }, savingsTexts.emptyLedger);
  const more = actionButton(commonTexts.showMore, "soft", () => attempt(showMore));
  /** @type {string | null} */
  let nextCursor = null;

  /** @param {SavingPage} page */
  function append({ savings, currency, cursor }) {
    list.append(...savings.map((saving) => ledgerEntry(saving, currency)));
    nextCursor = cursor;
    more.hidden = !cursor;
    none.hidden = list.children.length > 0;
  }

  async function showMore() {
    const firstNew = list.children.length;
    append(await api.savings(nextCursor, PAGE));
    /** @type {HTMLElement | undefined} */ (list.children[firstNew])?.focus();
  }

  const part = loader({
    content: html("div", { class: "stack" }, none, list, more),
    waiting: savingsTexts.loadingLedger,
    fetchIt: () => api.savings(null, PAGE),
    show: (page) => {
      replaceChildren(list);
      append(page);
    },
  });
  return {
    node: html("section", { class: "stack", "aria-labelledby": "ledger" },
      html("h2", { id: "ledger" }, savingsTexts.ledger), html("p", { class: "hint" }, savingsTexts.ledgerRule), part.node),
    readOnce: () => part.refreshAfter(Number.MAX_VALUE), // to begin again would take the further pages away from a reader
  };
}

/**
 * @param {Saving} saving
 * @param {string} currency
 */
function ledgerEntry({ portId, portName, from, seconds, standbyWatts, savedKwh, savedMoney, endedBy }, currency) {
  return html("li", { class: "event", tabindex: -1 },
    html("header", {}, html("h3", {}, outletLink({ portId, portName })),
      html("time", { datetime: from }, momentText(from, currentAccount().timezone))),
    html("p", { class: "what" }, energyText(savedKwh), " · ", moneyText(savedMoney, currency)),
    html("p", {}, savingsTexts.entry(wattsText(standbyWatts), durationText(seconds * 1000), savingsTexts.endedBy[endedBy])));
}
