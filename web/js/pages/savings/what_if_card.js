/** What if all outlets were on cut: what the last month would have saved, by outlet, and what keeps its power. */

import * as api from "../../api/client.js";
import { table } from "../../ui/charts/tables.js";
import { html, replaceChildren, setText } from "../../ui/dom.js";
import { durationText, energyText, moneyText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";

const DAYS = 30;

/** {node, refreshAfter}. */
export function whatIfCard() {
  const [sum, basis] = [html("p", { class: "what" }), html("p", {})];
  const outlets = table("Outlet by outlet", ["Outlet", "Wait", "Cuts", "Saved", "Money"]);
  const kept = html("ul", { class: "kept" });
  const part = loader({
    content: html("div", { class: "stack" }, sum, basis, outlets.node, kept,
      html("p", { class: "hint" },
        "Counted in steps of five minutes: standby that lasted longer than the wait would not have been responsiveChart until the next use. Gaps count for nothing.")),
    waiting: "Working it out…",
    fetchIt: () => api.whatIf(DAYS),
    show: (answer) => {
      showSum(answer, sum, basis);
      outlets.node.hidden = answer.ports.length === 0;
      outlets.update(answer.ports.map((port) => portRow(port, answer.currency)));
      replaceChildren(kept, answer.keepsPower.map(keptItem));
    },
  });
  const node = html("section", { class: "card stack", "aria-labelledby": "what-if" },
    html("h2", { id: "what-if" }, "What if all outlets were on cut?"), part.node);
  return { node, refreshAfter: part.refreshAfter };
}

function showSum({ days, standbyKwh, savedKwh, savedMoney, currency }, sum, basis) {
  setText(sum, `${energyText(savedKwh)} · ${moneyText(savedMoney, currency)}`);
  setText(basis, standbyKwh > 0
    ? `would have been saved on top in the last ${days} days, of ${energyText(standbyKwh)} that were still responsiveChart in standby.`
    : `No standby was responsiveChart in the last ${days} days, so there is nothing more to save yet.`);
}

const portRow = ({ portId, portName, dwellSeconds, cuts, savedKwh, savedMoney }, currency) => [
  html("a", { href: `#/port/${portId}` }, portName), durationText(dwellSeconds * 1000), cuts.toLocaleString(),
  energyText(savedKwh), moneyText(savedMoney, currency),
];

const keptItem = ({ portId, portName, standbyKwh, reason }) =>
  html("li", {}, html("a", { href: `#/port/${portId}` }, portName), ` is not counted (${energyText(standbyKwh)} of standby). ${reason}`);
