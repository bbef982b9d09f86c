/** Reports on energy that may be too long for the API to add up for many outlets. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { currentAccount } from "../../store/home.js";
import { savingsTexts } from "../../texts/energy.js";

/** @import { HomeEnergy } from "../../api/types.d.ts" */

/**
 * Ask for the present period only.
 * @returns {{ from: number, to: number }} the span that asks for the present period only
 */
export const presentSpan = () => ({ from: Date.now(), to: Date.now() });

/**
 * Wait for a report.
 * @param {Promise<HomeEnergy>} report
 * @returns {Promise<HomeEnergy | null>} null where there are too many outlets for so many days
 * @throws {ApiError} any other refusal
 */
export async function unlessTooMany(report) {
  try {
    return await report;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "too_many_outlets") throw error;
    return null;
  }
}

/**
 * Fetch the report since the account was made.
 * @returns {Promise<HomeEnergy | null>} as unlessTooMany()
 */
export const reportSinceStart = () => unlessTooMany(api.energy("year", { from: Date.parse(currentAccount().createdAt) }));

/**
 * Fetch what cuts have saved, over the longest time for which there is a report.
 * @param {HomeEnergy} month the report of this month
 * @returns {Promise<{ word: string, report: HomeEnergy }>} word names the time
 */
export async function longestSavings(month) {
  const whole = await reportSinceStart();
  if (whole) return { word: savingsTexts.savedSoFar, report: whole };
  const year = await unlessTooMany(api.energy("year", presentSpan()));
  return year ? { word: savingsTexts.savedThisYear, report: year } : { word: savingsTexts.savedThisMonth, report: month };
}
