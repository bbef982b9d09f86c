/** What cuts have saved since the account was made, or as far back as the API adds it up for so many outlets. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";

export const now = () => ({ from: Date.now(), to: Date.now() });

/** The answer, or null where there are too many outlets for so many days. */
export async function ifNotTooMany(answer) {
  try {
    return await answer;
  } catch (error) {
    if (error.code !== "too_many_outlets") throw error;
    return null;
  }
}

export const sinceTheStart = () => ifNotTooMany(api.energy("year", { from: Date.parse(state.account.createdAt) }));

/** {words, answer}: the longest time of which there is an answer; `month` is that of this month. */
export async function savedSoFar(month) {
  const whole = await sinceTheStart();
  if (whole) return { words: "Saved so far", answer: whole };
  const year = await ifNotTooMany(api.energy("year", now()));
  return year ? { words: "Saved this year", answer: year } : { words: "Saved this month", answer: month };
}
