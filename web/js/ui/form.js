/** Forms: each field has a label and a place for its error. What the server refuses is shown at the field that it names. */

import { ApiError } from "../api/http.js";
import { commonTexts } from "../texts/common.js";
import { descendant, html } from "./dom.js";
import { withBusyState } from "./feedback.js";

/** @import { Children, FieldOptions, FieldProblem, FormValues } from "./types.d.ts" */

let count = 0;

/**
 * @param {string} name
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string | false | null} [hint]
 * @returns {HTMLElement}
 */
function labelled(name, label, control, hint) {
  const id = `field-${++count}`;
  control.setAttribute("id", id);
  control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  return html("div", { class: "field", data: { field: name } },
    html("label", { for: id }, label),
    control,
    hint && html("p", { class: "hint", id: `${id}-hint` }, hint),
    html("p", { class: "error", id: `${id}-error`, role: "alert" }),
  );
}

/**
 * Make a text-like field; its type may be number, date, time, email, url and so on.
 * @param {FieldOptions} options
 * @returns {HTMLElement}
 */
export const textField = ({ name, label, hint, ...attributes }) =>
  labelled(name, label, html("input", { type: "text", name, ...attributes }), hint);

/**
 * Make a password field, hidden until "Show" is pressed.
 * @param {FieldOptions} options
 * @returns {HTMLElement}
 */
export function passwordField(options) {
  const field = textField({ type: "password", required: true, maxlength: 256, spellcheck: "false", data: { secret: "" }, ...options });
  const input = inputOf(field);
  const row = html("div", { class: "secret" });
  const reveal = html("button", { type: "button", class: "quiet", "aria-pressed": "false", "aria-controls": input.id }, commonTexts.show);
  reveal.addEventListener("click", () => {
    const isShown = input.type === "password";
    input.type = isShown ? "text" : "password";
    reveal.setAttribute("aria-pressed", String(isShown));
  });
  input.before(row);
  row.append(input, reveal);
  return field;
}

/**
 * Make a choice of one of many.
 * @param {FieldOptions & { value: string, options: readonly (string | [value: string, text: string])[] }} options an option
 *   that is only a value is its own text
 * @returns {HTMLElement}
 */
export const selectField = ({ name, label, hint, value, options }) =>
  labelled(name, label, html("select", { name }, options.map((option) => {
    const [key, text] = typeof option === "string" ? [option, option] : option;
    return html("option", { value: key, selected: key === value }, text);
  })), hint);

/**
 * Make a box to tick.
 * @param {FieldOptions} options
 * @returns {HTMLElement}
 */
export const checkboxField = ({ name, label, hint, ...attributes }) =>
  html("div", { class: "field tick", data: { field: name } },
    html("label", {}, html("input", { type: "checkbox", name, ...attributes }), html("span", {}, label, hint && html("small", {}, hint))),
    html("p", { class: "error", role: "alert" }),
  );

/**
 * Make a choice of one of a few, each with a sentence.
 * @param {{ name: string, label: string, value: string, options: readonly [value: string, title: string, sentence: string][] }} options
 * @returns {HTMLElement}
 */
export const radioField = ({ name, label, value, options }) =>
  html("fieldset", { class: "field choices", data: { field: name } },
    html("legend", {}, label),
    options.map(([option, title, sentence]) =>
      html("label", {},
        html("input", { type: "radio", name, value: option, checked: option === value }),
        html("span", {}, title, html("small", {}, sentence)))),
    html("p", { class: "error", role: "alert" }),
  );

/**
 * Find the input of a field.
 * @param {HTMLElement} field
 * @returns {HTMLInputElement}
 */
export const inputOf = (field) => descendant(field, "input");

/**
 * Make a form. Texts are trimmed except passwords; ticked boxes are booleans.
 * @param {object} options
 * @param {Children} options.fields
 * @param {string} options.action the label of the button
 * @param {(values: FormValues, node: HTMLFormElement) => unknown} options.send does the work; may throw ApiError
 * @param {(values: FormValues) => FieldProblem | null} [options.check] may refuse first
 * @param {() => void} [options.cancel]
 * @param {string} [options.tone] the class of the button
 * @param {string} [options.className]
 * @returns {HTMLFormElement}
 */
export function form({ fields, action, send, check = () => null, cancel, tone = "primary", className = "" }) {
  const button = html("button", { class: tone, type: "submit" }, action);
  const node = html("form", { class: className, on: { submit } }, ...fields, html("p", { class: "error general", role: "alert" }),
    html("div", { class: "actions" },
      cancel && html("button", { type: "button", class: "quiet", on: { click: cancel } }, commonTexts.cancel), button));

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    await withBusyState(button, trySending);
  }

  async function trySending() {
    clearProblems(node);
    const values = valuesOf(node);
    const problem = check(values);
    if (problem) {
      showProblem(node, problem);
      return;
    }
    try {
      await send(values, node);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      showProblem(node, error);
    }
  }

  return node;
}

/** @param {HTMLFormElement} node */
function clearProblems(node) {
  for (const place of node.querySelectorAll(".error")) place.textContent = "";
  for (const control of node.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

/**
 * @param {HTMLFormElement} node
 * @param {FieldProblem} problem
 */
function showProblem(node, { field, message }) {
  const place = field && node.querySelector(`[data-field="${CSS.escape(field)}"]`);
  if (!place) {
    descendant(node, ".general").textContent = message;
    return;
  }
  place.closest("details")?.setAttribute("open", "");
  descendant(place, ".error").textContent = message;
  const control = descendant(place, "input, select");
  control.setAttribute("aria-invalid", "true");
  control.focus();
}

/**
 * @param {HTMLFormElement} node
 * @returns {FormValues}
 */
function valuesOf(node) {
  /** @type {FormValues} */
  const values = {};
  for (const control of /** @type {Iterable<HTMLInputElement>} */ (node.elements)) {
    if (!control.name || (control.type === "radio" && !control.checked)) continue;
    if (control.type === "checkbox") values[control.name] = control.checked;
    else values[control.name] = "secret" in control.dataset ? control.value : control.value.trim();
  }
  return values;
}
