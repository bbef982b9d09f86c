/** What the pages about energy share: their row of links, and figures with a word above and a line below. */

import { energyTexts } from "../../texts/energy.js";
import { html, setText } from "../../ui/dom.js";

/** @import { Quantity } from "../../ui/types.d.ts" */
/** @typedef {{ node: HTMLElement, update: (quantity: Quantity, below: string, word?: string) => void }} Fact */

/** @type {[address: string, text: string][]} */
const PAGES = [
  ["#/energy", energyTexts.pages.energy], ["#/savings", energyTexts.pages.savings], ["#/always-on", energyTexts.pages.alwaysOn],
];

/**
 * Make the row of links to the pages about energy.
 * @param {string} current the address of the page shown
 * @returns {HTMLElement}
 */
export const energyTabs = (current) =>
  html("nav", { class: "tabs", "aria-label": energyTexts.pagesLabel }, PAGES.map(([href, text]) =>
    html("a", { href, "aria-current": href === current ? "page" : null }, text)));

/**
 * Make a figure with its unit, a word above it and a line below.
 * @param {string} word
 * @returns {Fact}
 */
export function fact(word) {
  const [above, value, unit, below] = [html("dt", {}, word), html("strong"), html("span"), html("small")];
  return {
    node: html("div", { class: "fact", data: { fact: word } }, above, html("dd", {}, html("p", { class: "watts" }, value, unit), below)),
    update([figure, symbol], text, newWord = word) {
      setText(above, newWord);
      setText(value, figure);
      setText(unit, symbol);
      setText(below, text);
    },
  };
}

/**
 * Make a link to an outlet's page.
 * @param {{ portId: string, portName: string }} outlet
 * @returns {HTMLAnchorElement}
 */
export const outletLink = ({ portId, portName }) => html("a", { href: `#/port/${portId}` }, portName);
