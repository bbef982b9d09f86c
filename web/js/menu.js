/** A small menu of actions on <details>; it closes on Escape, on choosing, and when the focus leaves. */

import { h, icon } from "./dom.js";

/** actions: [label, run, tone?]. */
export function menu(label, actions) {
  const button = h("summary", { class: "round", "aria-label": label, title: label }, icon("dots"));
  const close = () => details.removeAttribute("open");
  const items = actions.map(([text, run, tone]) =>
    h("li", {}, h("button", { type: "button", class: tone, on: { click: () => (button.focus(), close(), run()) } }, text)));
  const details = h("details", {
    class: "menu",
    on: {
      focusout: ({ relatedTarget }) => details.contains(relatedTarget) || close(),
      keydown: ({ key }) => key === "Escape" && (close(), button.focus()),
    },
  }, button, h("ul", {}, items));
  return details;
}
