/** The form of one tariff, with its windows: hours with another price. */

import { HIGHEST_PRICE_PER_KWH, NAME_LENGTH } from "../../generated/facts.js";
import { tariffTexts } from "../../texts/account.js";
import { html, setText } from "../../ui/dom.js";
import { form, inputOf, textField } from "../../ui/form.js";
import { dayAfter, dayBefore, DAYS } from "./tariff_days.js";

/** @import { Tariff } from "../../api/types.d.ts" */
/** @import { FieldOptions, FieldProblem } from "../../ui/types.d.ts" */
/** @typedef {Tariff["windows"][number]} Window */
/** @typedef {Omit<Window, "perKwh"> & { perKwh: number | null }} DraftWindow its price may not be known yet */

const QUARTER_SECONDS = 900;

/** @type {DraftWindow} */
const NEW_WINDOW = { days: DAYS, from: "22:00", to: "06:00", perKwh: null };

/** @param {FieldOptions} options */
const priceField = (options) => textField({ type: "number", min: 0, max: HIGHEST_PRICE_PER_KWH, step: "any", required: true, ...options });

/** @param {FieldOptions} options */
const timeField = (options) => textField({ type: "time", step: QUARTER_SECONDS, required: true, ...options });

/**
 * Make the form.
 * @param {Tariff | null} tariff null for a new one
 * @param {{ save: (tariff: Tariff) => Promise<void>, cancel: () => void }} options save may throw ApiError
 * @returns {HTMLFormElement}
 */
export function tariffForm(tariff, { save, cancel }) {
  const windows = windowList(tariff?.windows ?? []);
  const texts = tariffTexts;
  return form({
    fields: [
      textField({
        name: "name", label: texts.name, value: tariff?.name, placeholder: texts.namePlaceholder,
        required: true, maxlength: NAME_LENGTH, autocomplete: "off",
      }),
      priceField({ name: "perKwh", label: texts.price, value: tariff?.perKwh }),
      html("div", { class: "pair" },
        textField({ name: "validFrom", label: texts.firstDay, type: "date", value: tariff?.validFrom, required: true }),
        textField({
          name: "validTo", label: texts.lastDay, type: "date", value: tariff?.validTo && dayBefore(tariff.validTo), hint: texts.lastDayHint,
        })),
      !tariff && html("p", { class: "hint" }, texts.endsEarlier),
      windows.node,
    ],
    action: texts.save,
    cancel,
    check: windows.check,
    send: ({ name, perKwh, validFrom, validTo }) => save({
      name, validFrom,
      perKwh: Number(perKwh),
      validTo: validTo ? dayAfter(validTo) : null,
      windows: windows.read(),
    }),
  });
}

/** @param {DraftWindow[]} windows */
function windowList(windows) {
  /** @type {ReturnType<typeof windowRow>[]} */
  const rows = [];
  const list = html("div", { class: "windows" });
  const add = html("button", { type: "button", class: "soft", on: { click: () => addRow(NEW_WINDOW).focus() } }, tariffTexts.addWindow);
  const read = () => rows.map((row) => row.read());

  /**
   * @param {DraftWindow} window
   * @returns {ReturnType<typeof windowRow>}
   */
  function addRow(window) {
    const row = windowRow(window, () => removeRow(row));
    rows.push(row);
    list.append(row.node);
    row.number(rows.length - 1);
    return row;
  }

  /** @param {ReturnType<typeof windowRow>} row */
  function removeRow(row) {
    rows.splice(rows.indexOf(row), 1);
    row.node.remove();
    rows.forEach((other, index) => other.number(index));
    add.focus();
  }

  /** @returns {FieldProblem | null} */
  function check() {
    const index = read().findIndex(({ days }) => days.length === 0);
    return index < 0 ? null : { field: `windows[${index}].days`, message: tariffTexts.chooseDay };
  }

  windows.forEach(addRow);
  return { node: html("div", { class: "stack" }, list, add), read, check };
}

/**
 * Make the fields of one window.
 * @param {DraftWindow} window
 * @param {() => void} onRemove
 * @returns {{ node: HTMLElement, read: () => Window, number: (index: number) => void, focus: () => void }} number says
 *   which one it is, from 0: the API names its fields by that
 */
function windowRow({ days, from, to, perKwh }, onRemove) {
  const texts = tariffTexts;
  const legend = html("legend");
  const ticks = DAYS.map((day) => html("input", { type: "checkbox", value: day, checked: days.includes(day), "aria-label": texts.days[day][1] }));
  const fields = {
    days: html("div", { class: "field" }, html("div", { class: "days" }, ticks.map((tick, index) => html("label", {}, tick, texts.days[DAYS[index]][0]))),
      html("p", { class: "error", role: "alert" })),
    from: timeField({ name: "from", label: texts.from, value: from }),
    to: timeField({ name: "to", label: texts.until, value: to === "24:00" ? "00:00" : to }), // the same to the API, and a clock has no 24:00
    perKwh: priceField({ name: "windowPerKwh", min: -HIGHEST_PRICE_PER_KWH, label: texts.price, value: perKwh }),
  };
  return {
    node: html("fieldset", { class: "window" }, legend, fields.days, html("div", { class: "pair" }, fields.from, fields.to, fields.perKwh),
      html("button", { type: "button", class: "quiet", on: { click: onRemove } }, texts.removeWindow)),
    read: () => ({
      days: DAYS.filter((_, index) => ticks[index].checked),
      from: inputOf(fields.from).value, to: inputOf(fields.to).value, perKwh: Number(inputOf(fields.perKwh).value),
    }),
    number(index) {
      setText(legend, texts.windowTitle(index + 1));
      for (const [name, field] of Object.entries(fields)) field.dataset.field = `windows[${index}].${name}`;
    },
    focus: () => ticks[0].focus(),
  };
}
