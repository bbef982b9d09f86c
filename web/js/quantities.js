/** Energy, money and days in words for people; figures in the form of the reader's language. */

const NBSP = "\u00a0";
const SMALL_MONEY = 0.1; // below it two digits of a fraction say too little: a day of standby costs less than a cent

const figure = (value, digits) => value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Kilowatt-hours as a figure and its unit: watt-hours below 0.1 kWh. */
export function energyParts(kwh) {
  if (kwh === 0) return ["0", "kWh"];
  if (kwh < 0.1) return [figure(kwh * 1000, kwh < 0.01 ? 1 : 0), "Wh"];
  return [figure(kwh, kwh < 10 ? 2 : kwh < 100 ? 1 : 0), "kWh"];
}

export const energyText = (kwh) => energyParts(kwh).join(NBSP);

/** An amount in the account's currency: its usual digits, whole from a thousand, two significant ones when it is tiny. */
export function moneyText(amount, currency) {
  const digits = amount !== 0 && Math.abs(amount) < SMALL_MONEY
    ? { maximumSignificantDigits: 2 }
    : Math.abs(amount) >= 1000 ? { maximumFractionDigits: 0 } : {};
  return amount.toLocaleString(undefined, { style: "currency", currency, ...digits });
}

export const percentText = (share) => share.toLocaleString(undefined, { style: "percent", maximumFractionDigits: 0 });

/** A local date (YYYY-MM-DD) in the parts that `options` of Intl ask for; it has no zone, so none is applied. */
export const dayText = (date, options) =>
  new Date(`${date}T00:00Z`).toLocaleDateString(undefined, { timeZone: "UTC", ...options });

/** A time in a zone, in the parts that `options` of Intl ask for. */
export const timeText = (atMs, timeZone, options) => new Date(atMs).toLocaleString(undefined, { timeZone, ...options });

/** A moment in full, in a zone. */
export const momentText = (iso, timeZone) => timeText(Date.parse(iso), timeZone, { dateStyle: "medium", timeStyle: "short" });

const SHORT = { day: "numeric", month: "short" };
const AXIS = {
  day: (date) => `${dayText(date, { weekday: "short" })} ${dayText(date, { day: "numeric" })}`,
  week: (date) => dayText(date, SHORT),
  month: (date) => dayText(date, { month: "short" }),
};
const FULL = {
  day: (date) => dayText(date, { weekday: "short", ...SHORT }),
  week: (date) => `Week of ${dayText(date, SHORT)}`,
  month: (date) => dayText(date, { month: "long", year: "numeric" }),
};

/** A day, week or month by its first day: short, below a bar. */
export const periodAxisText = (period, date) => AXIS[period](date);

/** The same with all that tells it from others, for a row of a table. */
export const periodText = (period, date) => FULL[period](date);

/** From a first to a last local date, both included. */
export const spanText = (first, last) => {
  const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
  return whole.formatRange(new Date(`${first}T00:00Z`), new Date(`${last}T00:00Z`));
};
