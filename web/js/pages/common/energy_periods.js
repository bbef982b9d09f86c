/** Which days, weeks or months a page of the energy report shows, and how to leaf through them. */

const DAY_MS = 86_400_000;
/** @typedef {"day" | "week" | "month"} ShownPeriod */
const SHOWN = { day: 14, week: 8, month: 12 };

/**
 * Tell whether a word names a period.
 * @param {string | undefined} word
 * @returns {word is ShownPeriod}
 */
export const isPeriod = (word) => word !== undefined && Object.hasOwn(SHOWN, word);

/**
 * Tell whether a word is a date.
 * @param {string | undefined} word
 * @returns {word is string} whether it is a date YYYY-MM-DD
 */
export const isDate = (word) => /^\d{4}-\d{2}-\d{2}$/.test(word ?? "") && !Number.isNaN(Date.parse(word ?? ""));

/**
 * Find the local date of a time.
 * @param {number} atMs epoch ms
 * @param {string} timeZone IANA name
 * @returns {string} the local date, YYYY-MM-DD
 */
export const localDate = (atMs, timeZone) => new Date(atMs).toLocaleDateString("sv-SE", { timeZone });

/**
 * Move a date by some periods. Months go by their first day.
 * @param {ShownPeriod} period
 * @param {string} date YYYY-MM-DD
 * @param {number} count may be negative
 * @returns {string} YYYY-MM-DD
 */
export function movedDate(period, date, count) {
  const [year, month, day] = date.split("-").map(Number);
  const atMs = period === "month" ? Date.UTC(year, month - 1 + count, 1) : Date.UTC(year, month - 1, day + count * (period === "week" ? 7 : 1));
  return new Date(atMs).toISOString().slice(0, 10);
}

/**
 * Turn to the page before.
 * @param {ShownPeriod} period
 * @param {string} last a day in the last period of a page
 * @returns {string} a day in the last period of the page before
 */
export const pageBefore = (period, last) => movedDate(period, last, -SHOWN[period]);

/**
 * Turn to the page after.
 * @param {ShownPeriod} period
 * @param {string} last a day in the last period of a page
 * @returns {string} a day in the last period of the page after
 */
export const pageAfter = (period, last) => movedDate(period, last, SHOWN[period]);

/**
 * Say what to ask the API for a page of periods.
 * @param {ShownPeriod} period
 * @param {string} last a day in the last period
 * @param {string} timeZone IANA name
 * @returns {{ from: number, to: number }} epoch ms inside the first and inside the last period
 */
export function querySpan(period, last, timeZone) {
  return { from: momentOf(movedDate(period, last, 1 - SHOWN[period]), timeZone), to: momentOf(last, timeZone) };
}

/**
 * @param {string} date YYYY-MM-DD
 * @param {string} timeZone IANA name
 * @returns {number} a moment on that date: noon in UTC, or midnight far in the east, where noon is on the day after
 */
function momentOf(date, timeZone) {
  const atMs = Date.parse(`${date}T12:00Z`);
  return localDate(atMs, timeZone) === date ? atMs : atMs - DAY_MS / 2;
}
