/** The form of one tariff, with its windows: hours of another price. */

import { HIGHEST_PRICE_PER_KWH } from "../../generated/facts.js";
import { html, setText } from "../../ui/dom.js";
import { form, textField } from "../../ui/form.js";

const QUARTER_SECONDS = 900;

export const DAYS = [
  ["mon", "Mon", "Monday"], ["tue", "Tue", "Tuesday"], ["wed", "Wed", "Wednesday"], ["thu", "Thu", "Thursday"],
  ["fri", "Fri", "Friday"], ["sat", "Sat", "Saturday"], ["sun", "Sun", "Sunday"],
];

const shifted = (days) => (date) => {
  const day = new Date(`${date}T00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
};
export const dayAfter = shifted(1);
/** A person thinks of the last day of a tariff, the API of the first one after it. */
export const dayBefore = shifted(-1);

const FRESH_WINDOW = { days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "22:00", to: "06:00", perKwh: null };

const priceField = (field) => textField({ type: "number", min: 0, max: HIGHEST_PRICE_PER_KWH, step: "any", required: true, ...field });

/** tariff is null for a new one; save(tariff) stores it and may throw ApiError. */
export function tariffForm(tariff, { save, cancel }) {
  const windows = windowList(tariff?.windows ?? []);
  return form({
    fields: [
      textField({ name: "name", label: "Name", value: tariff?.name, placeholder: "Night rate 2026", required: true, maxlength: 80, autocomplete: "off" }),
      priceField({ name: "perKwh", label: "Price of a kWh", value: tariff?.perKwh }),
      html("div", { class: "pair" },
        textField({ name: "validFrom", label: "First day", type: "date", value: tariff?.validFrom, required: true }),
        textField({
          name: "validTo", label: "Last day", type: "date", value: tariff?.validTo && dayBefore(tariff.validTo),
          hint: "Empty: until further notice.",
        })),
      !tariff && html("p", { class: "hint" }, "A tariff before it that is valid until further notice ends the day before."),
      windows.node,
    ],
    action: "Save tariff",
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

/** {node, read(), check()}: the windows in the order in which they stand. */
function windowList(given) {
  const rows = [];
  const list = html("div", { class: "windows" });
  const add = html("button", { type: "button", class: "soft", on: { click: () => addRow(FRESH_WINDOW).focus() } }, "Add hours of another price");

  function addRow(window) {
    const row = windowRow(window, () => {
      rows.splice(rows.indexOf(row), 1);
      row.node.remove();
      rows.forEach((each, index) => each.number(index));
      add.focus();
    });
    rows.push(row);
    list.append(row.node);
    row.number(rows.length - 1);
    return row;
  }

  given.forEach(addRow);
  const read = () => rows.map((row) => row.read());
  return {
    node: html("div", { class: "stack" }, list, add),
    read,
    check() {
      const index = read().findIndex(({ days }) => days.length === 0);
      return index < 0 ? null : { field: `windows[${index}].days`, message: "Choose at least one day." };
    },
  };
}

/** {node, read(), number(index), focus()}: number says where it stands, which is how the API names its fields. */
function windowRow({ days, from, to, perKwh }, remove) {
  const legend = html("legend");
  const ticks = DAYS.map(([day, , long]) => html("input", { type: "checkbox", value: day, checked: days.includes(day), "aria-label": long }));
  const fields = {
    days: html("div", { class: "field" }, html("div", { class: "days" }, ticks.map((tick, index) => html("label", {}, tick, DAYS[index][1]))),
      html("p", { class: "error", role: "alert" })),
    from: timeField({ name: "from", label: "From", value: from }),
    to: timeField({ name: "to", label: "Until", value: to === "24:00" ? "00:00" : to }), // the same to the API, and a clock has no 24:00
    perKwh: priceField({ name: "windowPerKwh", min: -HIGHEST_PRICE_PER_KWH, label: "Price of a kWh", value: perKwh }),
  };
  const valueOf = (name) => fields[name].querySelector("input").value;
  return {
    node: html("fieldset", { class: "window" }, legend, fields.days, html("div", { class: "pair" }, fields.from, fields.to, fields.perKwh),
      html("button", { type: "button", class: "quiet", on: { click: remove } }, "Remove these hours")),
    read: () => ({
      days: ticks.filter((tick) => tick.checked).map((tick) => tick.value),
      from: valueOf("from"), to: valueOf("to"), perKwh: Number(valueOf("perKwh")),
    }),
    number(index) {
      setText(legend, `Hours of another price, ${index + 1}`);
      for (const [name, field] of Object.entries(fields)) field.dataset.field = `windows[${index}].${name}`;
    },
    focus: () => ticks[0].focus(),
  };
}

const timeField = (field) => textField({ type: "time", step: QUARTER_SECONDS, required: true, ...field });
