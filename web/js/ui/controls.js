/** Small controls: buttons that do something, a menu of actions, and a row of buttons of which one is chosen. */

import { html, icon } from "./dom.js";
import { withBusyState } from "./feedback.js";

/** @typedef {[label: string, run: () => unknown, tone?: string]} Action */

/**
 * Make a button that is busy while its action runs.
 * @param {string} text
 * @param {string} tone its class
 * @param {() => unknown} action
 * @returns {HTMLButtonElement}
 */
export function actionButton(text, tone, action) {
  const button = html("button", { type: "button", class: tone }, text);
  button.addEventListener("click", () => withBusyState(button, action));
  return button;
}

/**
 * Make a menu of actions. It closes on Escape, on a choice, and when the focus leaves it.
 * @param {string} label
 * @param {Action[]} actions
 * @returns {HTMLDetailsElement}
 */
export function menu(label, actions) {
  const button = html("summary", { class: "round", "aria-label": label, title: label }, icon("dots"));
  const items = actions.map(([text, run, tone]) =>
    html("li", {}, html("button", { type: "button", class: tone, on: { click: () => choose(run) } }, text)));
  const details = html("details", { class: "menu", on: { focusout: closeOutside, keydown: closeOnEscape } }, button, html("ul", {}, items));
  const close = () => details.removeAttribute("open");

  /** @param {() => unknown} run */
  function choose(run) {
    button.focus();
    close();
    run();
  }

  /** @param {FocusEvent} event */
  function closeOutside({ relatedTarget }) {
    if (!details.contains(/** @type {Node | null} */ (relatedTarget))) close();
  }

  /** @param {KeyboardEvent} event */
  function closeOnEscape({ key }) {
    if (key !== "Escape") return;
    close();
    button.focus();
  }

  return details;
}

/**
 * Make a row of buttons of which one is chosen, such as the range of a chart.
 * @template {string} Value
 * @param {string} label
 * @param {readonly (readonly [value: Value, text: string, ...rest: unknown[]])[]} options
 * @param {Value} chosen
 * @param {(value: Value) => unknown} choose called when another button is pressed
 * @returns {HTMLElement}
 */
export function choiceBar(label, options, chosen, choose) {
  const buttons = options.map(([value, text]) =>
    html("button", { type: "button", "aria-pressed": String(value === chosen), on: { click: () => press(value) } }, text));

  /** @param {Value} value */
  function press(value) {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(options[index][0] === value)));
    choose(value);
  }

  return html("div", { class: "choice", role: "group", "aria-label": label }, buttons);
}
