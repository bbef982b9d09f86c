/** Which days, weeks or months a page of the energy report shows, and how to leaf through them. */

const DAY_MS = 86_400_000;
export const PERIODS = [["day", "Days"], ["week", "Weeks"], ["month", "Months"]];
const SHOWN = { day: 14, week: 8, month: 12 };

export const isPeriod = (word) => Object.hasOwn(SHOWN, word);

export const isDate = (word) => /^\d{4}-\d{2}-\d{2}$/.test(word ?? "") && !Number.isNaN(Date.parse(word));

/** The local date (YYYY-MM-DD) of a time in a zone. */
export const localDate = (atMs, timeZone) => new Date(atMs).toLocaleDateString("sv-SE", { timeZone });

/** The date so many periods on from a date; months go by their first day. */
export function moved(period, date, count) {
  const [year, month, day] = date.split("-").map(Number);
  const at = period === "month" ? Date.UTC(year, month - 1 + count, 1) : Date.UTC(year, month - 1, day + count * (period === "week" ? 7 : 1));
  return new Date(at).toISOString().slice(0, 10);
}

/** The page of periods that ends with the one that holds `last`. */
export const pageBefore = (period, last) => moved(period, last, -SHOWN[period]);
export const pageAfter = (period, last) => moved(period, last, SHOWN[period]);

/** What to ask the API for: from inside the first period to inside the last. */
export function querySpan(period, last, timeZone) {
  return { from: insideMs(moved(period, last, 1 - SHOWN[period]), timeZone), to: insideMs(last, timeZone) };
}

/** A moment that is on this date in the zone: noon in UTC, or midnight far in the east, where noon is on the day after. */
function insideMs(date, timeZone) {
  const atMs = Date.parse(`${date}T12:00Z`);
  return localDate(atMs, timeZone) === date ? atMs : atMs - DAY_MS / 2;
}
