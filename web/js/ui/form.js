/** Forms: a label and a place for its error on each field; what the server refuses is shown at the field that it names. */

import { ApiError } from "../api/http.js";
import { html } from "./dom.js";
import { withBusyState } from "./feedback.js";

let count = 0;

function wrapped(name, label, control, hint) {
  const id = `field-${++count}`;
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  return html("div", { class: "field", data: { field: name } },
    html("label", { for: id }, label),
    control,
    hint && html("p", { class: "hint", id: `${id}-hint` }, hint),
    html("p", { class: "error", id: `${id}-error`, role: "alert" }),
  );
}

/** A text-like field; other attributes go to the input. */
export const textField = ({ name, label, hint, ...attributes }) =>
  wrapped(name, label, html("input", { type: "text", name, ...attributes }), hint);

/** A password, hidden until "Show" is pressed; other attributes go to the input. */
export function passwordField(attributes) {
  const field = textField({ type: "password", required: true, maxlength: 256, spellcheck: "false", data: { secret: "" }, ...attributes });
  const input = field.querySelector("input");
  const row = html("div", { class: "secret" });
  const show = html("button", { type: "button", class: "quiet", "aria-pressed": "false", "aria-controls": input.id }, "Show");
  show.addEventListener("click", () => {
    const isShown = input.type === "password";
    input.type = isShown ? "text" : "password";
    show.setAttribute("aria-pressed", isShown);
  });
  input.before(row);
  row.append(input, show);
  return field;
}

/** One of many: options are values that are their own words, or [value, words]. */
export const selectField = ({ name, label, hint, value, options }) =>
  wrapped(name, label, html("select", { name }, options.map((option) => [option].flat()).map(([key, shown = key]) =>
    html("option", { value: key, selected: key === value }, shown))), hint);

/** Yes or no; other attributes go to the input. */
export const checkboxField = ({ name, label, hint, ...attributes }) =>
  html("div", { class: "field tick", data: { field: name } },
    html("label", {}, html("input", { type: "checkbox", name, ...attributes }), html("span", {}, label, hint && html("small", {}, hint))),
    html("p", { class: "error", role: "alert" }),
  );

/** One of a few, each with a sentence: options are [value, label, sentence]. */
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
 * A form of fields. send(values, form) does the work and may throw ApiError; check(values) may refuse first with
 * {field, message}. Texts are trimmed except passwords; ticks are booleans.
 */
export function form({ fields, action, send, check = () => null, cancel, tone = "primary", className = "" }) {
  const button = html("button", { class: tone, type: "submit" }, action);
  const node = html("form", { class: className, on: { submit } }, fields.flat(), html("p", { class: "error general", role: "alert" }),
    html("div", { class: "actions" },
      cancel && html("button", { type: "button", class: "quiet", on: { click: cancel } }, "Cancel"), button));

  async function submit(event) {
    event.preventDefault();
    await withBusyState(button, trySending);
  }

  async function trySending() {
    clearErrors(node);
    const values = valuesOf(node);
    const refused = check(values);
    if (refused) return showError(node, refused);
    try {
      await send(values, node);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      showError(node, error);
    }
  }

  return node;
}

function clearErrors(node) {
  for (const place of node.querySelectorAll(".error")) place.textContent = "";
  for (const control of node.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function showError(node, { field, message }) {
  const place = field && node.querySelector(`[data-field="${CSS.escape(field)}"]`);
  if (!place) {
    node.querySelector(".general").textContent = message;
    return;
  }
  place.closest("details")?.setAttribute("open", "");
  place.querySelector(".error").textContent = message;
  const control = place.querySelector("input, select");
  control.setAttribute("aria-invalid", "true");
  control.focus();
}

function valuesOf(node) {
  const values = {};
  for (const control of node.elements) {
    if (!control.name || (control.type === "radio" && !control.checked)) continue;
    if (control.type === "checkbox") values[control.name] = control.checked;
    else values[control.name] = "secret" in control.dataset ? control.value : control.value.trim();
  }
  return values;
}
