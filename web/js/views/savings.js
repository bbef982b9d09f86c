/** Savings: what the cuts have saved, entry by entry with what each figure rests on, and what more there could be. */

import * as api from "../api.js";
import { whileBusy } from "../busy.js";
import { fill, h } from "../dom.js";
import { durationText, wattsText } from "../format.js";
import { loader } from "../loader.js";
import { energyParts, energyText, momentText, moneyText } from "../quantities.js";
import { state } from "../store.js";
import { attempt } from "../toast.js";
import { energyTabs } from "./energy_tabs.js";
import { ifNotTooMany, now, sinceTheStart } from "./energy_saved.js";
import { fact } from "./energy_totals.js";
import { whatIfCard } from "./savings_what_if.js";

const PAGE = 10;
const FRESH_MS = 5 * 60_000;
const ENDED_WORDS = { restored: "switched on again", use: "in use again", limit: "a day is the most that counts", open: "still off", unknown: "end not known" };

/** {title, node, update()}. */
export function savingsView() {
  const [totals, ledger, whatIf] = [savingsTotals(), savingsLedger(), whatIfCard()];
  const parts = [totals, ledger, whatIf];
  const node = h("div", { class: "savings stack" },
    h("header", { class: "bar" }, h("h1", {}, "Savings"), energyTabs("#/savings")),
    totals.node, h("div", { class: "halves" }, whatIf.node, ledger.node));
  return { title: "Savings", node, update: () => state.account && parts.forEach(({ refreshAfter }) => refreshAfter(FRESH_MS)) };
}

/** Today, this month, this year and so far, as long as it can be added up. */
function savingsTotals() {
  const facts = ["Today", "This month", "This year", "So far"].map(fact);
  return loader({
    content: h("dl", { class: "totals" }, facts.map(({ node }) => node)),
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
  const list = h("ol", { class: "ledger" });
  const none = h("p", { class: "empty small" },
    "No cut yet. Once an outlet with the policy “Cut it” is switched off in standby, what that saves is written down here.");
  const more = h("button", { type: "button", class: "soft", on: { click: () => whileBusy(more, () => attempt(showMore)) } }, "Show more");
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
    content: h("div", { class: "stack" }, none, list, more),
    waiting: "Reading the ledger…",
    fetchIt: () => api.savings(null, PAGE),
    show: (answer) => {
      fill(list);
      show(answer);
    },
  });
  // Read once: to begin anew would take the further pages away from a reader.
  return { node: h("section", { "aria-labelledby": "ledger" }, h("h2", { id: "ledger" }, "Each cut"), part.node), refreshAfter: () => part.refreshAfter(Number.MAX_VALUE) };
}

function ledgerEntry({ portId, portName, from, seconds, standbyWatts, savedKwh, savedMoney, endedBy, assumption }, currency) {
  return h("li", { class: "event", tabindex: -1 },
    h("header", {}, h("h3", {}, h("a", { href: `#/port/${portId}` }, portName)), h("time", { datetime: from }, momentText(from, state.account.timezone))),
    h("p", { class: "what" }, energyText(savedKwh), " · ", moneyText(savedMoney, currency)),
    h("p", {}, `${wattsText(standbyWatts)} for ${durationText(seconds * 1000)}, ${ENDED_WORDS[endedBy]}`),
    h("p", { class: "hint" }, assumption));
}
