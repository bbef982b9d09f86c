/** Money, time and how long readings are kept: the account's plain settings. */

import * as api from "../../api/client.js";
import { HIGHEST_GRAMS_CO2_PER_KWH, HIGHEST_PRICE_PER_KWH, RETENTION_DAYS } from "../../generated/facts.js";
import { notifyChange, state } from "../../store/home.js";
import { html } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form, textField } from "../../ui/form.js";

const zones = () =>
  html("datalist", { id: "zones" }, Intl.supportedValuesOf("timeZone").map((zone) => html("option", { value: zone })));

const amountField = (field) => textField({ type: "number", min: 0, step: "any", required: true, ...field });

/** The form, around an account as the API shows it; `saved` is called after each change. */
export function moneyForm({ currency, tariffPerKwh, gramsCo2PerKwh, timezone, rawRetentionDays }, saved) {
  return form({
    className: "stack",
    fields: [
      html("div", { class: "pair" },
        amountField({ name: "tariffPerKwh", label: "Price of a kWh", max: HIGHEST_PRICE_PER_KWH, value: tariffPerKwh }),
        textField({
          name: "currency", label: "Currency", value: currency, required: true,
          pattern: "[A-Za-z]{3}", maxlength: 3, title: "Three letters, such as EUR",
        })),
      html("div", { class: "pair" },
        amountField({ name: "gramsCo2PerKwh", label: "Grams of CO₂ a kWh", max: HIGHEST_GRAMS_CO2_PER_KWH, value: gramsCo2PerKwh }),
        textField({ name: "timezone", label: "Time zone", value: timezone, required: true, list: "zones", autocomplete: "off" })),
      zones(),
      textField({
        name: "rawRetentionDays", label: "Days that each reading is kept", type: "number", required: true,
        min: RETENTION_DAYS.least, max: RETENTION_DAYS.most, value: rawRetentionDays,
        hint: "Five-minute values are kept for 13 months, hours and days for good.",
      }),
    ],
    action: "Save",
    send: async (values) => {
      const { success: _, ...account } = await api.changeAccount({
        currency: values.currency.toUpperCase(), timezone: values.timezone,
        tariffPerKwh: Number(values.tariffPerKwh), gramsCo2PerKwh: Number(values.gramsCo2PerKwh),
        rawRetentionDays: Number(values.rawRetentionDays),
      });
      Object.assign(state.account, account);
      notifyChange();
      showToast("Saved.");
      saved();
    },
  });
}
