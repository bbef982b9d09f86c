/** The totals of a report as a row of figures: used, standby, saved, and what was emitted. */

import { energyTexts } from "../../texts/energy.js";
import { html } from "../../ui/dom.js";
import { energyParts, moneyText, percentText } from "../../ui/format.js";
import { fact } from "../common/energy_figures.js";

/** @import { HomeEnergy } from "../../api/types.d.ts" */
/** @import { Part, Quantity } from "../../ui/types.d.ts" */

/**
 * @param {number} grams
 * @returns {Quantity}
 */
function co2Parts(grams) {
  const [value, unit] = grams < 1000 ? [grams, "g"] : [grams / 1000, "kg"];
  return [value.toLocaleString(undefined, { maximumFractionDigits: value < 100 ? 1 : 0 }), unit];
}

/**
 * Make the row.
 * @returns {Part<HomeEnergy>}
 */
export function energyTotals() {
  const words = energyTexts.totals;
  const [used, standby, saved, emitted] = [words.used, words.standby, words.saved, words.co2].map(fact);
  return {
    node: html("dl", { class: "totals" }, used.node, standby.node, saved.node, emitted.node),
    update({ total, currency }) {
      used.update(energyParts(total.kwh), moneyText(total.cost, currency));
      const share = total.kwh > 0 ? [energyTexts.ofIt(percentText(total.standbyKwh / total.kwh))] : [];
      standby.update(energyParts(total.standbyKwh), [moneyText(total.standbyCost, currency), ...share].join(", "));
      saved.update(energyParts(total.savedKwh), moneyText(total.savedMoney, currency));
      emitted.update(co2Parts(total.gramsCo2), energyTexts.co2Below);
    },
  };
}
