/** Figures, times and names for people, in the form of the browser's language. */

import { durationTexts } from "../texts/common.js";

/** @import { PeriodName } from "../api/types.d.ts" */
/** @import { Quantity } from "./types.d.ts" */

const NBSP = "\u00a0";
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const FINE_AGE_MS = 100 * 60_000; // an older age is rounded to hours
const SMALL_MONEY = 0.1; // below it two decimals say too little: a day of standby costs less than a cent

/** @type {(value: number, decimals: number) => string} */
const fixed = (value, decimals) =>
  value.toLocaleString(undefined, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/**
 * Format watts: one decimal below 100 W, kilowatts from 10,000 W.
 * @param {number} watts
 * @returns {Quantity}
 */
export function wattsParts(watts) {
  if (watts >= 10_000) return [fixed(watts / 1000, 2), "kW"];
  return [fixed(watts, watts > 0 && watts < 100 ? 1 : 0), "W"];
}

/**
 * Format watts with their unit.
 * @param {number} watts
 * @returns {string} such as "2.8 W"
 */
export const wattsText = (watts) => wattsParts(watts).join(NBSP);

/**
 * Format energy: watt-hours below 0.1 kWh.
 * @param {number} kwh
 * @returns {Quantity}
 */
export function energyParts(kwh) {
  if (kwh === 0) return ["0", "kWh"];
  if (kwh < 0.1) return [fixed(kwh * 1000, kwh < 0.01 ? 1 : 0), "Wh"];
  return [fixed(kwh, kwh < 10 ? 2 : kwh < 100 ? 1 : 0), "kWh"];
}

/**
 * Format energy with its unit.
 * @param {number} kwh
 * @returns {string} such as "48 Wh"
 */
export const energyText = (kwh) => energyParts(kwh).join(NBSP);

/**
 * Format an amount of money: whole from a thousand, two significant digits when it is tiny.
 * @param {number} amount
 * @param {string} currency ISO 4217
 * @returns {string}
 */
export function moneyText(amount, currency) {
  const digits = amount !== 0 && Math.abs(amount) < SMALL_MONEY
    ? { maximumSignificantDigits: 2 }
    : Math.abs(amount) >= 1000 ? { maximumFractionDigits: 0 } : {};
  return amount.toLocaleString(undefined, { style: "currency", currency, ...digits });
}

/**
 * Format an amount of money that is an estimate: whole from ten.
 * @param {number} amount
 * @param {string} currency ISO 4217
 * @returns {string}
 */
export const roughMoneyText = (amount, currency) =>
  amount.toLocaleString(undefined, { style: "currency", currency, maximumFractionDigits: amount < 10 ? 2 : 0 });

/**
 * Format a share.
 * @param {number} share 0 to 1
 * @returns {string} such as "13%"
 */
export const percentText = (share) => share.toLocaleString(undefined, { style: "percent", maximumFractionDigits: 0 });

/**
 * Format a sensor's value: four significant digits, six from a thousand.
 * @param {number} value
 * @returns {string}
 */
export const sensorNumber = (value) =>
  value.toLocaleString(undefined, { maximumSignificantDigits: Math.abs(value) >= 1000 ? 6 : 4 });

/**
 * Format the size of a file.
 * @param {number} bytes
 * @returns {string} such as "48.3 kB"
 */
export const bytesText = (bytes) => (bytes >= 1e6 ? `${fixed(bytes / 1e6, 1)}${NBSP}MB` : `${fixed(bytes / 1e3, 1)}${NBSP}kB`);

/**
 * Write "roomTemperature" and "room_temperature" as "room temperature".
 * @param {string} name
 * @returns {string}
 */
export const spacedName = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/[_.]+/g, " ").trim().toLowerCase();

/**
 * Format a length of time in its one or two largest units.
 * @param {number} milliseconds
 * @returns {string} such as "2 h 30 min"
 */
export function durationText(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return durationTexts.days(Math.round(hours / 24));
}

/**
 * Format an age: "just now", "5 min ago", "3 h ago"; the date when it is over a week.
 * @param {string} iso
 * @param {number} [nowMs] epoch ms
 * @returns {string}
 */
export function agoText(iso, nowMs = Date.now()) {
  const ageMs = nowMs - Date.parse(iso);
  if (ageMs < 10_000) return durationTexts.justNow;
  if (ageMs > WEEK_MS) return dateText(iso);
  return durationTexts.ago(durationText(ageMs < FINE_AGE_MS ? ageMs : Math.round(ageMs / HOUR_MS) * HOUR_MS));
}

/**
 * Format a moment on the browser's clock.
 * @param {string} iso
 * @returns {string} date and time
 */
export const dateText = (iso) =>
  new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/**
 * Format the day of a moment.
 * @param {string} iso
 * @returns {string} the day, on the browser's clock
 */
export const dayOfText = (iso) => new Date(iso).toLocaleDateString(undefined, { dateStyle: "medium" });

/**
 * Format the time of day of a moment.
 * @param {string} iso
 * @returns {string} the time of day, on the browser's clock
 */
export const clockText = (iso) => new Date(iso).toLocaleTimeString(undefined, { timeStyle: "short" });

/**
 * Format a time on the clock of a zone.
 * @param {number} atMs epoch ms
 * @param {string} timeZone IANA name
 * @param {Intl.DateTimeFormatOptions} options which parts
 * @returns {string}
 */
export const timeText = (atMs, timeZone, options) => new Date(atMs).toLocaleString(undefined, { timeZone, ...options });

/**
 * Format a moment in full, on the clock of a zone.
 * @param {string} iso
 * @param {string} timeZone IANA name
 * @returns {string}
 */
export const momentText = (iso, timeZone) => timeText(Date.parse(iso), timeZone, { dateStyle: "medium", timeStyle: "short" });

/**
 * Format a local date, which has no zone.
 * @param {string} date YYYY-MM-DD
 * @param {Intl.DateTimeFormatOptions} options which parts
 * @returns {string}
 */
export const dayText = (date, options) =>
  new Date(`${date}T00:00Z`).toLocaleDateString(undefined, { timeZone: "UTC", ...options });

/** @type {Intl.DateTimeFormatOptions} */
const SHORT = { day: "numeric", month: "short" };
/** @typedef {Record<PeriodName, (date: string) => string>} PeriodFormat */
/** @type {PeriodFormat} */
const AXIS = {
  day: (date) => `${dayText(date, { weekday: "short" })} ${dayText(date, { day: "numeric" })}`,
  week: (date) => dayText(date, SHORT),
  month: (date) => dayText(date, { month: "short" }),
  year: (date) => dayText(date, { year: "numeric" }),
};
/** @type {PeriodFormat} */
const FULL = {
  day: (date) => dayText(date, { weekday: "short", ...SHORT }),
  week: (date) => durationTexts.weekOf(dayText(date, SHORT)),
  month: (date) => dayText(date, { month: "long", year: "numeric" }),
  year: AXIS.year,
};

/**
 * Name a day, week, month or year in short, as below a bar.
 * @param {PeriodName} period
 * @param {string} date its first day, YYYY-MM-DD
 * @returns {string}
 */
export const periodAxisText = (period, date) => AXIS[period](date);

/**
 * Name a day, week, month or year in full, as in a row of a table.
 * @param {PeriodName} period
 * @param {string} date its first day, YYYY-MM-DD
 * @returns {string}
 */
export const periodText = (period, date) => FULL[period](date);

/**
 * Format the days from a first to a last one, both included.
 * @param {string} first YYYY-MM-DD
 * @param {string} last YYYY-MM-DD
 * @returns {string}
 */
export const spanText = (first, last) => {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
  return format.formatRange(new Date(`${first}T00:00Z`), new Date(`${last}T00:00Z`));
};
