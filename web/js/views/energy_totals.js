/** The totals of a report as a row of figures: used, standby, saved, and what was emitted. */

import { h, setText } from "../dom.js";
import { energyParts, moneyText, percentText } from "../quantities.js";

const co2 = (grams) => {
  const [value, unit] = grams < 1000 ? [grams, "g"] : [grams / 1000, "kg"];
  return [value.toLocaleString(undefined, { maximumFractionDigits: value < 100 ? 1 : 0 }), unit];
};

/** {node, update(answer)}: an answer of /energy. */
export function energyTotals() {
  const [used, standby, saved, emitted] = ["Used", "Standby", "Saved by cuts", "CO₂"].map(fact);
  return {
    node: h("dl", { class: "totals" }, used.node, standby.node, saved.node, emitted.node),
    update({ total, currency }) {
      used.update(energyParts(total.kwh), moneyText(total.cost, currency));
      const share = total.kwh > 0 ? `, ${percentText(total.standbyKwh / total.kwh)} of it` : "";
      standby.update(energyParts(total.standbyKwh), `${moneyText(total.standbyCost, currency)}${share}`);
      saved.update(energyParts(total.savedKwh), moneyText(total.savedMoney, currency));
      emitted.update(co2(total.gramsCo2), "from what was used");
    },
  };
}

/** A figure with its unit, a word above it and a line below: {node, update([value, unit], below, newWord)}. */
export function fact(word) {
  const [above, value, unit, below] = [h("dt", {}, word), h("strong"), h("span"), h("small")];
  return {
    node: h("div", { class: "fact", data: { fact: word } }, above, h("dd", {}, h("p", { class: "watts" }, value, unit), below)),
    update([figure, symbol], words, newWord = word) {
      setText(above, newWord);
      setText(value, figure);
      setText(unit, symbol);
      setText(below, words);
    },
  };
}
