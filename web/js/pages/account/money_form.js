/** Money, time zone and how long readings are kept: the account's plain settings. */

import * as api from "../../api/client.js";
import { HIGHEST_GRAMS_CO2_PER_KWH, HIGHEST_PRICE_PER_KWH, RETENTION_DAYS } from "../../generated/facts.js";
import { notifyChange, state } from "../../store/home.js";
import { moneyTexts } from "../../texts/account.js";
import { commonTexts } from "../../texts/common.js";
import { html } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form, textField } from "../../ui/form.js";

/** @import { Account, AccountChanges } from "../../api/types.d.ts" */
/** @import { FieldOptions, FormValues } from "../../ui/types.d.ts" */

const timeZones = () =>
  html("datalist", { id: "zones" }, Intl.supportedValuesOf("timeZone").map((zone) => html("option", { value: zone })));

/** @param {FieldOptions} options */
const amountField = (options) => textField({ type: "number", min: 0, step: "any", required: true, ...options });

/**
 * Make the form.
 * @param {Account} account
 * @param {() => void} onSaved called after each change
 * @returns {HTMLFormElement}
 */
export function moneyForm({ currency, tariffPerKwh, gramsCo2PerKwh, timezone, rawRetentionDays }, onSaved) {
  return form({
    className: "stack",
    fields: [
      html("div", { class: "pair" },
        amountField({ name: "tariffPerKwh", label: moneyTexts.price, max: HIGHEST_PRICE_PER_KWH, value: tariffPerKwh }),
        textField({
          name: "currency", label: moneyTexts.currency, value: currency, required: true,
          pattern: "[A-Za-z]{3}", maxlength: 3, title: moneyTexts.currencyRule,
        })),
      html("div", { class: "pair" },
        amountField({ name: "gramsCo2PerKwh", label: moneyTexts.co2, max: HIGHEST_GRAMS_CO2_PER_KWH, value: gramsCo2PerKwh }),
        textField({ name: "timezone", label: moneyTexts.timeZone, value: timezone, required: true, list: "zones", autocomplete: "off" })),
      timeZones(),
      textField({
        name: "rawRetentionDays", label: moneyTexts.retention, type: "number", required: true,
        min: RETENTION_DAYS.least, max: RETENTION_DAYS.most, value: rawRetentionDays, hint: moneyTexts.retentionHint,
      }),
    ],
    action: commonTexts.save,
    send: async (values) => {
      const account = await api.changeAccount(changesOf(values));
      state.account = account;
      notifyChange();
      showToast(commonTexts.saved);
      onSaved();
    },
  });
}

/**
 * @param {FormValues} values
 * @returns {AccountChanges}
 */
const changesOf = ({ currency, timezone, tariffPerKwh, gramsCo2PerKwh, rawRetentionDays }) => ({
  currency: currency.toUpperCase(), timezone,
  tariffPerKwh: Number(tariffPerKwh), gramsCo2PerKwh: Number(gramsCo2PerKwh), rawRetentionDays: Number(rawRetentionDays),
});
