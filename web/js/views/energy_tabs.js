/** The pages about energy, as one row of links. */

import { h } from "../dom.js";

const PAGES = [["#/energy", "Energy"], ["#/savings", "Savings"], ["#/always-on", "Always on"]];

/** The row, with `current` marked. */
export const energyTabs = (current) =>
  h("nav", { class: "tabs", "aria-label": "Energy pages" }, PAGES.map(([href, words]) =>
    h("a", { href, "aria-current": href === current ? "page" : null }, words)));
