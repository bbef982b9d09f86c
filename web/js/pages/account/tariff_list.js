/** Dated tariffs: prices that go before the account's flat one, each from a day to a day, perhaps with dearer and cheaper hours. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { state } from "../../store/home.js";
import { confirmFirst, openDialog } from "../../ui/dialog.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { dayText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { dayBefore, DAYS, tariffForm } from "./tariff_form.js";

/** {node, refresh()}: the list with its verbs. */
export function tariffList() {
  const list = html("ul", { class: "tariffs" });
  const add = html("button", { type: "button", class: "soft" }, "Add a tariff…");
  const content = html("div", { class: "stack" }, list, add);
  const show = (tariffs) => replaceChildren(list, [...tariffs].sort(byStart).map((tariff) => tariffItem(tariff, show)));
  const part = loader({ content, waiting: "Looking up your tariffs…", fetchIt: api.tariffs, show });
  add.addEventListener("click", () => editDialog("Add a tariff", null, show));
  part.refresh();
  const node = html("div", { class: "stack" }, html("p", { class: "hint" }, "On days without one, the price above counts."), part.node);
  return { node, refresh: part.refresh };
}

const byStart = (a, b) => a.validFrom.localeCompare(b.validFrom);

function tariffItem(tariff, changed) {
  const { name, perKwh, windows } = tariff;
  const change = () => editDialog(`Change ${name}`, tariff, changed);
  return html("li", { class: "tariff" },
    html("div", {}, html("h3", {}, name), html("p", {}, `${priceText(perKwh)} a kWh, ${spanText(tariff)}`),
      windows.map((window) => html("p", { class: "hint" }, windowText(window)))),
    html("div", { class: "actions" },
      html("button", { type: "button", class: "quiet", "aria-label": `Change ${name}`, on: { click: change } }, "Change…"),
      html("button", { type: "button", class: "quiet", "aria-label": `Remove ${name}`, on: { click: () => removeDialog(tariff, changed) } }, "Remove…")));
}

/** With all digits that were given: a tenth of a cent counts here. */
const priceText = (perKwh) =>
  perKwh.toLocaleString(undefined, { style: "currency", currency: state.account.currency, maximumFractionDigits: 6 });

const spanText = ({ validFrom, validTo }) =>
  validTo ? `${longDay(validFrom)} to ${longDay(dayBefore(validTo))}` : `from ${longDay(validFrom)}`;

const longDay = (date) => dayText(date, { dateStyle: "medium" });

function windowText({ days, from, to, perKwh }) {
  const names = DAYS.filter(([day]) => days.includes(day)).map(([, short]) => short);
  return `${days.length === DAYS.length ? "Every day" : names.join(", ")} ${from} to ${to}: ${priceText(perKwh)}`;
}

function editDialog(title, tariff, changed) {
  openDialog(title, (close) => tariffForm(tariff, {
    cancel: close,
    save: async (wanted) => {
      changed(await stored(tariff, wanted));
      close();
    },
  }));
}

function removeDialog(tariff, changed) {
  confirmFirst({
    title: `Remove ${tariff.name}?`,
    text: "What was used in its days is then priced by the account's flat price, in past reports too.",
    action: "Remove tariff",
    run: async () => changed(await stored(tariff, null)),
  });
}

/** All tariffs, with `wanted` in the place of `before` (null: none), stored. Throws ApiError with a field of the form. */
async function stored(before, wanted) {
  const known = await api.tariffs(); // another tab may have changed them
  const index = before ? known.findIndex((tariff) => JSON.stringify(tariff) === JSON.stringify(before)) : known.length;
  if (index < 0) throw new ApiError("This tariff was changed meanwhile, in another tab: load the page again.");
  const others = known.map((tariff) => endedBy(tariff, before ? null : wanted));
  try {
    return await api.replaceTariffs(others.toSpliced(index, 1, ...(wanted ? [wanted] : [])));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new ApiError(error.message, { ...error, field: formField(error.field, index) });
  }
}

/** A new price ends the one that was valid until further notice. */
const endedBy = (tariff, newer) =>
  newer && tariff.validTo === null && tariff.validFrom < newer.validFrom ? { ...tariff, validTo: newer.validFrom } : tariff;

/** "tariffs[2].validTo" as the form's field; that another one starts too early means that this one ends too late. */
function formField(field, index) {
  const [, number, name] = /^tariffs\[(\d+|\.\.\.)\]\.(.+)$/.exec(field ?? "") ?? [];
  return number === undefined || number === "..." || Number(number) === index ? name ?? field : "validTo";
}
