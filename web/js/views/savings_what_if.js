/** What if all outlets were on cut: what the last month would have saved, by outlet, and what keeps its power. */

import * as api from "../api.js";
import { fill, h, setText } from "../dom.js";
import { durationText } from "../format.js";
import { loader } from "../loader.js";
import { energyText, moneyText } from "../quantities.js";
import { table } from "./chart_table.js";

const DAYS = 30;

/** {node, refreshAfter}. */
export function whatIfCard() {
  const [sum, basis] = [h("p", { class: "what" }), h("p", {})];
  const outlets = table("Outlet by outlet", ["Outlet", "Wait", "Cuts", "Saved", "Money"]);
  const kept = h("ul", { class: "kept" });
  const part = loader({
    content: h("div", { class: "stack" }, sum, basis, outlets.node, kept,
      h("p", { class: "hint" },
        "Counted in steps of five minutes: standby that lasted longer than the wait would not have been drawn until the next use. Gaps count for nothing.")),
    waiting: "Working it out…",
    fetchIt: () => api.whatIf(DAYS),
    show: (answer) => {
      showSum(answer, sum, basis);
      outlets.node.hidden = answer.ports.length === 0;
      outlets.update(answer.ports.map((port) => portRow(port, answer.currency)));
      fill(kept, answer.keepsPower.map(keptItem));
    },
  });
  const node = h("section", { class: "card stack", "aria-labelledby": "what-if" },
    h("h2", { id: "what-if" }, "What if all outlets were on cut?"), part.node);
  return { node, refreshAfter: part.refreshAfter };
}

function showSum({ days, standbyKwh, savedKwh, savedMoney, currency }, sum, basis) {
  setText(sum, `${energyText(savedKwh)} · ${moneyText(savedMoney, currency)}`);
  setText(basis, standbyKwh > 0
    ? `would have been saved on top in the last ${days} days, of ${energyText(standbyKwh)} that were still drawn in standby.`
    : `No standby was drawn in the last ${days} days, so there is nothing more to save yet.`);
}

const portRow = ({ portId, portName, dwellSeconds, cuts, savedKwh, savedMoney }, currency) => [
  h("a", { href: `#/port/${portId}` }, portName), durationText(dwellSeconds * 1000), cuts.toLocaleString(),
  energyText(savedKwh), moneyText(savedMoney, currency),
];

const keptItem = ({ portId, portName, standbyKwh, reason }) =>
  h("li", {}, h("a", { href: `#/port/${portId}` }, portName), ` is not counted (${energyText(standbyKwh)} of standby). ${reason}`);
