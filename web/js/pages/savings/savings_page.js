/** Savings: what the cuts have saved, entry by entry with what each figure rests on, and what more there could be. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { attempt, withBusyState } from "../../ui/feedback.js";
import { durationText, energyParts, energyText, momentText, moneyText, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { energyTabs, fact } from "../common/energy_figures.js";
import { ifNotTooMany, now, sinceTheStart } from "../common/energy_queries.js";
import { whatIfCard } from "./what_if_card.js";

const PAGE = 10;
const FRESH_MS = 5 * 60_000;
const ENDED_WORDS = { restored: "switched on again", use: "in use again", limit: "a day is the most that counts", open: "still off", unknown: "end not known" };

/** {title, node, update()}. */
export function savingsPage() {
  const [totals, ledger, whatIf] = [savingsTotals(), savingsLedger(), whatIfCard()];
  const parts = [totals, ledger, whatIf];
  const node = html("div", { class: "savings stack" },
    html("header", { class: "bar" }, html("h1", {}, "Savings"), energyTabs("#/savings")),
    totals.node, html("div", { class: "halves" }, whatIf.node, ledger.node));
  return { title: "Savings", node, update: () => state.account && parts.forEach(({ refreshAfter }) => refreshAfter(FRESH_MS)) };
}

/** Today, this month, this year and so far, as long as it can be added up. */
function savingsTotals() {
  const facts = ["Today", "This month", "This year", "So far"].map(fact);
  return loader({
    content: html("dl", { class: "totals" }, facts.map(({ node }) => node)),
    waiting: "Adding up what was saved…",
    fetchIt: () => Promise.all([
      api.energy("day", now()), api.energy("month", now()), ifNotTooMany(api.energy("year", now())), sinceTheStart(),
    ]),
    show: (answers) => answers.forEach((answer, index) => showTotal(facts[index], answer)),
  });
}

function showTotal({ node, update }, answer) {
  node.hidden = !answer;
  if (answer) update(energyParts(answer.total.savedKwh), moneyText(answer.total.savedMoney, answer.currency));
}

function savingsLedger() {
  const list = html("ol", { class: "ledger" });
  const none = html("p", { class: "empty small" },
    "No cut yet. Once an outlet with the policy “Cut it” is switched off in standby, what that saves is written down here.");
  const more = html("button", { type: "button", class: "soft", on: { click: () => withBusyState(more, () => attempt(showMore)) } }, "Show more");
  let cursor = null;

  function show({ savings, currency, cursor: next }) {
    list.append(...savings.map((saving) => ledgerEntry(saving, currency)));
    cursor = next;
    more.hidden = !cursor;
    none.hidden = list.children.length > 0;
  }

  async function showMore() {
    const seen = list.children.length;
    show(await api.savings(cursor, PAGE));
    list.children[seen]?.focus();
  }

  const part = loader({
    content: html("div", { class: "stack" }, none, list, more),
    waiting: "Reading the ledger…",
    fetchIt: () => api.savings(null, PAGE),
    show: (answer) => {
      replaceChildren(list);
      show(answer);
    },
  });
  // Read once: to begin anew would take the further pages away from a reader.
  return { node: html("section", { "aria-labelledby": "ledger" }, html("h2", { id: "ledger" }, "Each cut"), part.node), refreshAfter: () => part.refreshAfter(Number.MAX_VALUE) };
}

function ledgerEntry({ portId, portName, from, seconds, standbyWatts, savedKwh, savedMoney, endedBy, assumption }, currency) {
  return html("li", { class: "event", tabindex: -1 },
    html("header", {}, html("h3", {}, html("a", { href: `#/port/${portId}` }, portName)), html("time", { datetime: from }, momentText(from, state.account.timezone))),
    html("p", { class: "what" }, energyText(savedKwh), " · ", moneyText(savedMoney, currency)),
    html("p", {}, `${wattsText(standbyWatts)} for ${durationText(seconds * 1000)}, ${ENDED_WORDS[endedBy]}`),
    html("p", { class: "hint" }, assumption));
}
