/** The totals of a report as a row of figures: used, standby, saved, and what was emitted. */

import { fact } from "../common/energy_figures.js";
import { html } from "../../ui/dom.js";
import { energyParts, moneyText, percentText } from "../../ui/format.js";

const co2 = (grams) => {
  const [value, unit] = grams < 1000 ? [grams, "g"] : [grams / 1000, "kg"];
  return [value.toLocaleString(undefined, { maximumFractionDigits: value < 100 ? 1 : 0 }), unit];
};

/** {node, update(answer)}: an answer of /energy. */
export function energyTotals() {
  const [used, standby, saved, emitted] = ["Used", "Standby", "Saved by cuts", "CO₂"].map(fact);
  return {
    node: html("dl", { class: "totals" }, used.node, standby.node, saved.node, emitted.node),
    update({ total, currency }) {
      used.update(energyParts(total.kwh), moneyText(total.cost, currency));
      const share = total.kwh > 0 ? `, ${percentText(total.standbyKwh / total.kwh)} of it` : "";
      standby.update(energyParts(total.standbyKwh), `${moneyText(total.standbyCost, currency)}${share}`);
      saved.update(energyParts(total.savedKwh), moneyText(total.savedMoney, currency));
      emitted.update(co2(total.gramsCo2), "from what was used");
    },
  };
}
