/** The pages about energy, as one row of links. */

import { html, setText } from "../../ui/dom.js";

const PAGES = [["#/energy", "Energy"], ["#/savings", "Savings"], ["#/always-on", "Always on"]];

/** The row, with `current` marked. */
export const energyTabs = (current) =>
  html("nav", { class: "tabs", "aria-label": "Energy pages" }, PAGES.map(([href, words]) =>
    html("a", { href, "aria-current": href === current ? "page" : null }, words)));

/** A figure with its unit, a word above it and a line below: {node, update([value, unit], below, newWord)}. */
export function fact(word) {
  const [above, value, unit, below] = [html("dt", {}, word), html("strong"), html("span"), html("small")];
  return {
    node: html("div", { class: "fact", data: { fact: word } }, above, html("dd", {}, html("p", { class: "watts" }, value, unit), below)),
    update([figure, symbol], words, newWord = word) {
      setText(above, newWord);
      setText(value, figure);
      setText(unit, symbol);
      setText(below, words);
    },
  };
}
