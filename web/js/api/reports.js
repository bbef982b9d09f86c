/** The calls of the API that report on energy, savings and the detector. All throw ApiError. */

import { query } from "./http.js";
import { authorized } from "./session.js";

/** @import * as Api from "./types.d.ts" */

const RECENT_POINTS = 1000; // more than a small curve shows: each reading, no averages
const id = encodeURIComponent;

/**
 * Fetch the home's energy, from the period that holds `from` to the one that holds `to`.
 * @param {Api.PeriodName} period
 * @param {Api.Span} [span]
 * @returns {Promise<Api.HomeEnergy>}
 */
export const energy = (period, { from, to } = {}) => authorized("GET", `/energy${query({ period, from, to })}`);

/**
 * Fetch the energy of one outlet; as energy().
 * @param {string} portId
 * @param {Api.PeriodName} period
 * @param {Api.Span} [span]
 * @returns {Promise<Api.PortEnergy>}
 */
export const portEnergy = (portId, period, { from, to } = {}) =>
  authorized("GET", `/port/${id(portId)}/energy${query({ period, from, to })}`);

/**
 * Fetch the report of what is always on.
 * @returns {Promise<Api.AlwaysOnReport>}
 */
export const alwaysOn = () => authorized("GET", "/always-on");

/**
 * Fetch a page of what cuts have saved.
 * @param {string | null} cursor
 * @param {number} limit
 * @returns {Promise<Api.SavingPage>}
 */
export const savings = (cursor, limit) => authorized("GET", `/savings${query({ limit, cursor })}`);

/**
 * Fetch what more cuts would have saved.
 * @param {number} days
 * @returns {Promise<Api.WhatIf>}
 */
export const whatIf = (days) => authorized("GET", `/savings/what-if${query({ days })}`);

/**
 * Fetch the reasons of the detector for an outlet.
 * @param {string} portId
 * @returns {Promise<Api.DetectorReport>}
 */
export const detector = (portId) => authorized("GET", `/port/${id(portId)}/detector`);

/**
 * Fetch all pages of an outlet's power over time, at a resolution that suits `width` points.
 * @param {string} portId
 * @param {{ from: number, to: number, width: number }} options from and to in epoch ms
 * @returns {Promise<Api.PortHistory>}
 */
export async function portHistory(portId, { from, to, width }) {
  /** @param {string} [cursor] */
  const fetchPage = (cursor) =>
    authorized("GET", `/port/${id(portId)}/history${query({ from, to, width, layout: "columns", cursor })}`);
  const first = await fetchPage();
  const { resolution, columns } = first;
  for (let { cursor } = first; cursor;) {
    const page = await fetchPage(cursor);
    for (const [name, values] of Object.entries(columns)) values.push(...page.columns[name]);
    ({ cursor } = page);
  }
  return { resolution, columns };
}

/**
 * Fetch the watts of the last so many milliseconds.
 * @param {string} portId
 * @param {number} lengthMs
 * @returns {Promise<Api.PowerPoint[]>} in the order of time
 */
export async function recentReadings(portId, lengthMs) {
  const toMs = Date.now();
  const { resolution, columns } = await portHistory(portId, { from: toMs - lengthMs, to: toMs, width: RECENT_POINTS });
  const watts = resolution === "raw" ? columns.power : columns.meanWatts;
  return columns.timestampMs.flatMap((atMs, index) => {
    const value = watts[index];
    return value === null ? [] : [{ atMs, watts: value, heldMs: columns.heldMs?.[index] ?? 0 }];
  });
}

/**
 * Replay the detector over the readings of the last days, all pages of it.
 * @param {string} portId
 * @param {number} days
 * @returns {Promise<Api.Backtest>}
 */
export async function backtest(portId, days) {
  /** @type {Api.Backtest} */
  const total = { cuts: [], savedWattHours: 0, wrongCuts: 0, readings: 0 };
  let cursor = null;
  do {
    /** @type {Api.BacktestPage} */
    const page = await authorized("POST", `/port/${id(portId)}/backtest`, { days, ...(cursor && { cursor }) });
    total.cuts.push(...page.cuts);
    total.savedWattHours += page.savedWattHours;
    total.wrongCuts += page.wrongCuts;
    total.readings += page.readings;
    ({ cursor } = page);
  } while (cursor);
  return total;
}
