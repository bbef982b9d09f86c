/** Days of the week, and dates as people and as the API count them. Pure. */

/** @import { Tariff } from "../../api/types.d.ts" */

/** @type {Tariff["windows"][number]["days"]} */
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/**
 * @param {string} date YYYY-MM-DD
 * @param {number} days
 */
function shifted(date, days) {
  const day = new Date(`${date}T00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

/**
 * Turn a person's last day of a tariff into the API's first day after it.
 * @param {string} date YYYY-MM-DD
 * @returns {string} YYYY-MM-DD
 */
export const dayAfter = (date) => shifted(date, 1);

/**
 * Turn the API's first day after a tariff into a person's last day of it.
 * @param {string} date YYYY-MM-DD
 * @returns {string} YYYY-MM-DD
 */
export const dayBefore = (date) => shifted(date, -1);
