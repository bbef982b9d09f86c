/** Figures, times and names in words for people. */

const number = (value, digits) =>
  value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Watts as a figure and its unit: one decimal below 100 W, kilowatts from 10,000 W. */
export function wattsParts(watts) {
  if (watts >= 10_000) return [number(watts / 1000, 2), "kW"];
  return [number(watts, watts > 0 && watts < 100 ? 1 : 0), "W"];
}

export const wattsText = (watts) => wattsParts(watts).join("\u00a0");

export const money = (amount, currency) =>
  amount.toLocaleString(undefined, { style: "currency", currency, maximumFractionDigits: amount < 10 ? 2 : 0 });

/** A sensor's value with as many digits as help. */
export const sensorNumber = (value) =>
  value.toLocaleString(undefined, { maximumSignificantDigits: Math.abs(value) >= 1000 ? 6 : 4 });

const HOUR_MS = 3_600_000;
const FINE_AGE_MS = 100 * 60_000; // of what is older, nobody counts the minutes

/** A length of time in its one or two largest units. */
export function durationText(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** "just now", "5 min ago", "3 h ago", or the date when it is over a week ago. */
export function agoText(iso, nowMs = Date.now()) {
  const ageMs = nowMs - Date.parse(iso);
  if (ageMs < 10_000) return "just now";
  if (ageMs > 7 * 86_400_000) return dateText(iso);
  return `${durationText(ageMs < FINE_AGE_MS ? ageMs : Math.round(ageMs / HOUR_MS) * HOUR_MS)} ago`;
}

export const dateText = (iso) =>
  new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** The day of a moment. */
export const dayOfText = (iso) => new Date(iso).toLocaleDateString(undefined, { dateStyle: "medium" });

export const clockText = (iso) => new Date(iso).toLocaleTimeString(undefined, { timeStyle: "short" });

/** A size of a file in its largest unit. */
export function bytesText(bytes) {
  const step = bytes >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${number(bytes / step[0], 1)}\u00a0${step[1]}`;
}

/** "roomTemperature" and "room_temperature" as "room temperature". */
export const words = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/[_.]+/g, " ").trim().toLowerCase();

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
