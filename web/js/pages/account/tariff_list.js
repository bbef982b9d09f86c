/** Dated tariffs: prices that replace the account's flat one from a day to a day, perhaps with other prices at some hours. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { currentAccount } from "../../store/home.js";
import { tariffTexts } from "../../texts/account.js";
import { confirmFirst, openDialog } from "../../ui/dialog.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { dayText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { dayBefore, DAYS } from "./tariff_days.js";
import { tariffForm } from "./tariff_form.js";

/** @import { Tariff } from "../../api/types.d.ts" */
/** @typedef {(tariffs: Tariff[]) => void} OnChanged gets all tariffs as they are now */

/**
 * Make the list.
 * @returns {{ node: HTMLElement, refresh: () => Promise<void> }}
 */
export function tariffList() {
  const list = html("ul", { class: "tariffs" });
  const add = html("button", { type: "button", class: "soft" }, tariffTexts.add);
  const content = html("div", { class: "stack" }, list, add);
  /** @type {OnChanged} */
  const show = (tariffs) => replaceChildren(list, [...tariffs].sort(byStart).map((tariff) => tariffItem(tariff, show)));
  const part = loader({ content, waiting: tariffTexts.loading, fetchIt: api.tariffs, show });
  add.addEventListener("click", () => editDialog(tariffTexts.addTitle, null, show));
  part.refresh();
  const node = html("div", { class: "stack" }, html("p", { class: "hint" }, tariffTexts.hint), part.node);
  return { node, refresh: part.refresh };
}

/** @type {(first: Tariff, second: Tariff) => number} */
const byStart = (first, second) => first.validFrom.localeCompare(second.validFrom);

/**
 * @param {Tariff} tariff
 * @param {OnChanged} onChanged
 */
function tariffItem(tariff, onChanged) {
  const { name, perKwh, windows } = tariff;
  const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ action) =>
    html("button", { type: "button", class: "quiet", "aria-label": label, on: { click: action } }, text);
  return html("li", { class: "tariff" },
    html("div", {}, html("h3", {}, name), html("p", {}, tariffTexts.priceAndSpan(priceText(perKwh), spanOf(tariff))),
      windows.map((window) => html("p", { class: "hint" }, windowText(window)))),
    html("div", { class: "actions" },
      button(tariffTexts.change, tariffTexts.changeLabel(name), () => editDialog(tariffTexts.changeLabel(name), tariff, onChanged)),
      button(tariffTexts.remove, tariffTexts.removeLabel(name), () => removeDialog(tariff, onChanged))));
}

/**
 * Format a price with all its digits: a tenth of a cent counts here.
 * @param {number} perKwh
 */
const priceText = (perKwh) =>
  perKwh.toLocaleString(undefined, { style: "currency", currency: currentAccount().currency, maximumFractionDigits: 6 });

/** @param {Tariff} tariff */
const spanOf = ({ validFrom, validTo }) =>
  validTo ? tariffTexts.fromTo(longDay(validFrom), longDay(dayBefore(validTo))) : tariffTexts.fromOn(longDay(validFrom));

/** @param {string} date */
const longDay = (date) => dayText(date, { dateStyle: "medium" });

/** @param {Tariff["windows"][number]} window */
function windowText({ days, from, to, perKwh }) {
  const names = DAYS.filter((day) => days.includes(day)).map((day) => tariffTexts.days[day][0]);
  return tariffTexts.window(days.length === DAYS.length ? tariffTexts.everyDay : names.join(", "), from, to, priceText(perKwh));
}

/**
 * @param {string} title
 * @param {Tariff | null} tariff null for a new one
 * @param {OnChanged} onChanged
 */
function editDialog(title, tariff, onChanged) {
  openDialog(title, (close) => tariffForm(tariff, {
    cancel: close,
    save: async (newTariff) => {
      onChanged(await replaceTariff(tariff, newTariff));
      close();
    },
  }));
}

/**
 * @param {Tariff} tariff
 * @param {OnChanged} onChanged
 */
function removeDialog(tariff, onChanged) {
  confirmFirst({
    title: tariffTexts.removeTitle(tariff.name),
    text: tariffTexts.removeText,
    action: tariffTexts.removeAction,
    run: async () => onChanged(await replaceTariff(tariff, null)),
  });
}

/**
 * Store all tariffs, with one replaced, added or removed.
 * @param {Tariff | null} before null to add one
 * @param {Tariff | null} after null to remove one
 * @returns {Promise<Tariff[]>}
 * @throws {ApiError} its field is one of the form
 */
async function replaceTariff(before, after) {
  const stored = await api.tariffs(); // another tab may have changed them
  const index = before ? stored.findIndex((tariff) => JSON.stringify(tariff) === JSON.stringify(before)) : stored.length;
  if (index < 0) throw new ApiError(tariffTexts.changedElsewhere);
  const tariffs = before ? stored : stored.map((tariff) => endedBy(tariff, after));
  tariffs.splice(index, 1, ...(after ? [after] : []));
  try {
    return await api.replaceTariffs(tariffs);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { message, status, code, field } = error;
    throw new ApiError(message, { status, code, field: formField(field, index) });
  }
}

/**
 * A new tariff ends the one that had no end.
 * @param {Tariff} tariff
 * @param {Tariff | null} newer
 */
const endedBy = (tariff, newer) =>
  newer && tariff.validTo === null && tariff.validFrom < newer.validFrom ? { ...tariff, validTo: newer.validFrom } : tariff;

/**
 * Turn "tariffs[2].validTo" into the field of the form. That another tariff starts too early means that this one ends too late.
 * @param {string | null} field
 * @param {number} index of the tariff in the form
 */
function formField(field, index) {
  const match = /^tariffs\[(\d+|\.\.\.)\]\.(.+)$/.exec(field ?? "");
  if (!match) return field;
  const [, number, name] = match;
  return number === "..." || Number(number) === index ? name : "validTo";
}
