/** What cuts would have saved at one outlet: its readings of the last month under its rule, at one press. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { currentAccount, putPort, state } from "../../store/home.js";
import { backtestTexts } from "../../texts/outlet.js";
import { foldedTable } from "../../ui/charts/tables.js";
import { actionButton } from "../../ui/controls.js";
import { html, replaceChildren, setText } from "../../ui/dom.js";
import { attempt, showToast } from "../../ui/feedback.js";
import { energyText, momentText, moneyText, wattsText } from "../../ui/format.js";

/** @import { Backtest } from "../../api/types.d.ts" */
/** @import { OutletPart } from "./outlet_page.js" */

const MOST_DAYS = 30;
const WH_PER_KWH = 1000;

/**
 * Make the card.
 * @param {string} portId
 * @returns {OutletPart}
 */
export function backtestCard(portId) {
  const result = html("div", { class: "stack", role: "status" });
  const about = html("p", {});
  const run = actionButton(backtestTexts.run, "primary", replay);
  const adopt = html("button", { type: "button", class: "soft", hidden: true, on: { click: cutFromNowOn } }, backtestTexts.adopt);
  const cuts = foldedTable(backtestTexts.table, backtestTexts.columns);
  cuts.node.hidden = true;
  const node = html("section", { class: "card stack", "aria-labelledby": "backtest" },
    html("h2", { id: "backtest" }, backtestTexts.title), about, result, cuts.node, html("div", { class: "actions" }, adopt, run));

  async function replay() {
    setText(result, backtestTexts.running);
    const days = Math.min(MOST_DAYS, currentAccount().rawRetentionDays);
    try {
      show(await api.backtest(portId, days), days);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(result, error.message);
    }
  }

  /**
   * @param {Backtest} backtest
   * @param {number} days
   */
  function show(backtest, days) {
    replaceChildren(result, sentences(backtest, days).map((text, index) => html("p", { class: index === 0 ? "what" : null }, text)));
    cuts.node.hidden = backtest.cuts.length === 0;
    cuts.update(backtest.cuts.map(cutRow));
    adopt.hidden = backtest.cuts.length === 0 || state.ports.get(portId)?.policy === "cut";
  }

  async function cutFromNowOn() {
    if (!(await attempt(async () => putPort(await api.changePort(portId, { policy: "cut" }))))) return;
    adopt.hidden = true;
    showToast(backtestTexts.adopted);
  }

  return {
    node,
    update({ neverCut, policy }) {
      run.hidden = neverCut;
      setText(about, neverCut ? backtestTexts.neverCut : policy === "cut" ? backtestTexts.aboutWithCuts : backtestTexts.about);
    },
  };
}

/**
 * @param {Backtest} backtest
 * @param {number} days
 * @returns {string[]} the headline first
 */
function sentences({ cuts, savedWattHours, wrongCuts, readings }, days) {
  if (readings === 0) return [backtestTexts.noReadings(days)];
  if (cuts.length === 0) return [backtestTexts.noCuts(days)];
  const { tariffPerKwh, currency } = currentAccount();
  const kwh = savedWattHours / WH_PER_KWH;
  return [
    `${energyText(kwh)} · ${moneyText(kwh * tariffPerKwh, currency)}`,
    backtestTexts.basis(cuts.length, days),
    backtestTexts.wrongCuts(wrongCuts),
  ];
}

/** @param {string} iso */
const moment = (iso) => momentText(iso, currentAccount().timezone);

/** @param {Backtest["cuts"][number]} cut */
const cutRow = ({ at, watts, restoredAt, savedWattHours, wrong }) => [
  moment(at), wattsText(watts), restoredAt ? moment(restoredAt) : backtestTexts.stillOff,
  energyText(savedWattHours / WH_PER_KWH), wrong ? backtestTexts.wrong : "",
];
