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
