/** What cuts would have saved at one outlet: its readings of the last month under its rule, at one press. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { putPort, state } from "../../store/home.js";
import { foldedTable } from "../../ui/charts/tables.js";
import { html, replaceChildren, setText } from "../../ui/dom.js";
import { attempt, showToast, withBusyState } from "../../ui/feedback.js";
import { energyText, momentText, moneyText, wattsText } from "../../ui/format.js";

const MOST_DAYS = 30;
const WH_PER_KWH = 1000;

/** {node, update(port)}. */
export function backtestCard(portId) {
  const told = html("div", { class: "stack", role: "status" });
  const about = html("p", {});
  const run = html("button", { type: "button", class: "primary", on: { click: () => withBusyState(run, replay) } }, "Try it on the past");
  const adopt = html("button", { type: "button", class: "soft", hidden: true, on: { click: cutFromNowOn } }, "Cut it from now on");
  const cuts = foldedTable("Cuts that would have been made", ["When", "Standby", "Until", "Saved", "Verdict"]);
  cuts.node.hidden = true;
  const node = html("section", { class: "card stack", "aria-labelledby": "backtest" },
    html("h2", { id: "backtest" }, "What would cuts save?"), about, told, cuts.node, html("div", { class: "actions" }, adopt, run));

  async function replay() {
    setText(told, "Replaying its readings…");
    const days = Math.min(MOST_DAYS, state.account.rawRetentionDays);
    try {
      const found = await api.backtest(portId, days);
      show(found, days);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(told, error.message);
    }
  }

  function show(found, days) {
    replaceChildren(told, sentences(found, days).map((words, index) => html("p", { class: index === 0 ? "what" : null }, words)));
    cuts.node.hidden = found.cuts.length === 0;
    cuts.update(found.cuts.map(cutRow));
    adopt.hidden = found.cuts.length === 0 || state.ports.get(portId).policy === "cut";
  }

  async function cutFromNowOn() {
    if (!(await attempt(async () => putPort(await api.changePort(portId, { policy: "cut" }))))) return;
    adopt.hidden = true;
    showToast("From now on it is cut in standby. One tap undoes a cut.");
  }

  return {
    node,
    update({ neverCut, policy }) {
      run.hidden = neverCut;
      setText(about, neverCut ? "This outlet is never cut, so there is nothing to try."
        : `Plays the detector over the readings that are kept${policy === "cut" ? ", on top of the cuts that were made" : ""}. Nothing is switched.`);
    },
  };
}

function sentences({ cuts, savedWattHours, wrongCuts, readings }, days) {
  if (readings === 0) return [`No readings are kept of the last ${days} days.`];
  if (cuts.length === 0) return [`It would not have been cut in the last ${days} days.`];
  const { tariffPerKwh, currency } = state.account;
  const kwh = savedWattHours / WH_PER_KWH;
  const times = cuts.length === 1 ? "One cut" : `${cuts.length.toLocaleString()} cuts`;
  return [
    `${energyText(kwh)} · ${moneyText(kwh * tariffPerKwh, currency)}`,
    `${times} in the last ${days} days would have saved that, at your price of a kWh.`,
    wrongCuts === 0 ? "None of them would have been wrong." : `${wrongCuts.toLocaleString()} of them would have been wrong: it was wanted soon after.`,
  ];
}

const moment = (iso) => momentText(iso, state.account.timezone);

const cutRow = ({ at, watts, restoredAt, savedWattHours, wrong }) => [
  moment(at), wattsText(watts), restoredAt ? moment(restoredAt) : "still off", energyText(savedWattHours / WH_PER_KWH), wrong ? "wrong" : "",
];
