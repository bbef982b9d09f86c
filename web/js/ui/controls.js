/** A small menu of actions on <details>; it closes on Escape, on choosing, and when the focus leaves. */

import { html, icon } from "./dom.js";

/** actions: [label, run, tone?]. */
export function menu(label, actions) {
  const button = html("summary", { class: "round", "aria-label": label, title: label }, icon("dots"));
  const close = () => details.removeAttribute("open");
  const items = actions.map(([text, run, tone]) =>
    html("li", {}, html("button", { type: "button", class: tone, on: { click: () => (button.focus(), close(), run()) } }, text)));
  const details = html("details", {
    class: "menu",
    on: {
      focusout: ({ relatedTarget }) => details.contains(relatedTarget) || close(),
      keydown: ({ key }) => key === "Escape" && (close(), button.focus()),
    },
  }, button, html("ul", {}, items));
  return details;
}

/** options are [value, words]; choose(value) is called when another one is pressed. */
export function choiceBar(label, options, chosen, choose) {
  const buttons = options.map(([value, words]) =>
    html("button", { type: "button", "aria-pressed": String(value === chosen), on: { click: () => press(value) } }, words));

  function press(value) {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(options[index][0] === value)));
    choose(value);
  }

  return html("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}
