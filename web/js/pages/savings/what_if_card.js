/** What if all outlets were on cut: what the last month would have saved, by outlet, and which outlets stay on. */

import * as api from "../../api/client.js";
import { savingsTexts } from "../../texts/energy.js";
import { table } from "../../ui/charts/tables.js";
import { html, replaceChildren, setText } from "../../ui/dom.js";
import { durationText, energyText, moneyText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { outletLink } from "../common/energy_figures.js";

/** @import { WhatIf } from "../../api/types.d.ts" */

const DAYS = 30;

/**
 * Make the card.
 * @returns {{ node: HTMLElement, refreshAfter: (ms: number) => void }}
 */
export function whatIfCard() {
  const columns = savingsTexts.whatIfColumns;
  const [sum, basis] = [html("p", { class: "what" }), html("p", {})];
  const outlets = table(columns.caption, [columns.outlet, columns.wait, columns.cuts, columns.saved, columns.money]);
  const kept = html("ul", { class: "kept" });
  const part = loader({
    content: html("div", { class: "stack" }, sum, basis, outlets.node, kept, html("p", { class: "hint" }, savingsTexts.whatIfRule)),
    waiting: savingsTexts.loadingWhatIf,
    fetchIt: () => api.whatIf(DAYS),
    show: (answer) => {
      showSum(answer, sum, basis);
      outlets.node.hidden = answer.ports.length === 0;
      outlets.update(answer.ports.map((port) => portRow(port, answer.currency)));
      replaceChildren(kept, answer.keepsPower.map(keptItem));
    },
  });
  const node = html("section", { class: "card stack", "aria-labelledby": "what-if" },
    html("h2", { id: "what-if" }, savingsTexts.whatIf), part.node);
  return { node, refreshAfter: part.refreshAfter };
}

/**
 * @param {WhatIf} answer
 * @param {HTMLElement} sum
 * @param {HTMLElement} basis
 */
function showSum({ days, standbyKwh, savedKwh, savedMoney, currency }, sum, basis) {
  setText(sum, `${energyText(savedKwh)} · ${moneyText(savedMoney, currency)}`);
  setText(basis, standbyKwh > 0 ? savingsTexts.whatIfBasis(days, energyText(standbyKwh)) : savingsTexts.whatIfNothing(days));
}

/**
 * @param {WhatIf["ports"][number]} port
 * @param {string} currency
 */
const portRow = ({ portId, portName, dwellSeconds, cuts, savedKwh, savedMoney }, currency) => [
  outletLink({ portId, portName }), durationText(dwellSeconds * 1000), cuts.toLocaleString(),
  energyText(savedKwh), moneyText(savedMoney, currency),
];

/** @param {WhatIf["keepsPower"][number]} outlet */
const keptItem = ({ portId, portName, standbyKwh, reason }) =>
  html("li", {}, outletLink({ portId, portName }), savingsTexts.notCounted(energyText(standbyKwh), reason));
