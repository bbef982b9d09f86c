/** A row of buttons of which one is chosen, such as the range of a chart. */

import { h } from "../dom.js";

/** options are [value, words]; choose(value) is called when another one is pressed. */
export function choiceBar(label, options, chosen, choose) {
  const buttons = options.map(([value, words]) =>
    h("button", { type: "button", "aria-pressed": String(value === chosen), on: { click: () => press(value) } }, words));

  function press(value) {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(options[index][0] === value)));
    choose(value);
  }

  return h("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}
