/** The calls of the API that this page makes, one plain verb each. All throw ApiError. */

import { request } from "./http.js";
import { authorized } from "./session.js";

const PAGE = 200; // the most the API gives at once
const RECENT_POINTS = 1000; // more than a small curve shows: each reading, not means
const id = encodeURIComponent;

async function all(path, key) {
  const items = [];
  let cursor = null;
  do {
    const answer = await authorized("GET", `${path}?limit=${PAGE}${cursor ? `&cursor=${id(cursor)}` : ""}`);
    items.push(...answer[key]);
    cursor = answer.cursor;
  } while (cursor);
  return items;
}

export const devices = () => all("/device/list", "devices");
export const device = async (deviceId) => (await authorized("GET", `/device/${id(deviceId)}`)).device;
export const renameDevice = (deviceId, name) => authorized("PATCH", `/device/${id(deviceId)}`, { name });
export const releaseDevice = (deviceId) => authorized("DELETE", `/device/${id(deviceId)}`);
export const rotateKey = async (deviceId, expiresInDays) =>
  (await authorized("POST", `/device/${id(deviceId)}/key`, { expiresInDays })).apiKey;

export const claim = (userCode) => authorized("GET", `/device/claim/${id(userCode)}`);
export const approveClaim = (userCode, deviceName) => authorized("POST", "/device/claim/approve", { userCode, deviceName });
export const denyClaim = (userCode) => authorized("POST", "/device/claim/deny", { userCode });

export const ports = () => all("/port/list", "ports");
export const addPort = (port) => authorized("POST", "/port", port);
export const changePort = (portId, changes) => authorized("PATCH", `/port/${id(portId)}`, changes);
export const deletePort = (portId) => authorized("DELETE", `/port/${id(portId)}`);
export const switchPort = async (portId, state) => (await authorized("POST", `/port/${id(portId)}/switch`, { state })).relay;

export const events = (limit, cursor) => authorized("GET", `/phantom-event/list${query({ limit, cursor })}`);
export const eventsOfPort = async (portId, limit) =>
  (await authorized("GET", `/phantom-event/list?portId=${id(portId)}&limit=${limit}`)).events;
export const judgeEvent = async (eventId, verdict) =>
  (await authorized("POST", `/phantom-event/${id(eventId)}/feedback`, { verdict })).event;
export const notifications = (limit) => authorized("GET", `/notification/list?limit=${limit}`);
export const markRead = (notificationIds) => authorized("POST", "/notification/read", { notificationIds });
export const markAllRead = () => authorized("POST", "/notification/read", { all: true });
export const notificationSettings = () => authorized("GET", "/notification/settings");
export const chooseNotifications = (choices) => authorized("PUT", "/notification/settings", choices);
export const sendTestNotification = async () => (await authorized("POST", "/notification/test")).results;
export const liveTicket = () => authorized("POST", "/live/ticket", {});

export const account = () => authorized("GET", "/account");
export const changeAccount = (changes) => authorized("PATCH", "/account", changes);
export const tariffs = async () => (await authorized("GET", "/account/tariffs")).tariffs;
export const replaceTariffs = async (wanted) =>
  (await authorized("PUT", "/account/tariffs", { tariffs: wanted })).tariffs;
export const startExport = (wanted) => authorized("POST", "/export", wanted);
export const exportState = (exportId) => authorized("GET", `/export/${id(exportId)}`);
export const beginTotp = (currentPassword) => authorized("POST", "/account/totp", { currentPassword });
export const finishTotp = async (code) => (await authorized("POST", "/account/totp/confirm", { code })).recoveryCodes;
export const endTotp = (proof) => authorized("DELETE", "/account/totp", proof);
export const resendConfirmation = () => authorized("POST", "/account/confirm/resend");
export const confirmAddress = (token) => request("POST", "/account/confirm", { body: { token } });
export const askReset = (email) => request("POST", "/account/reset", { body: { email } });
export const resetPassword = (token, newPassword) => request("POST", "/account/reset", { body: { token, newPassword } });
export const deleteAccount = (proof) => authorized("DELETE", "/account", proof);
export const sessions = async () => (await authorized("GET", "/account/sessions")).sessions;
export const endSession = (sessionId) => authorized("DELETE", `/account/sessions/${id(sessionId)}`);
export const makeToken = async (wanted) => (await authorized("POST", "/account/token", wanted)).token;
export const endOtherSessions = () => authorized("DELETE", "/account/sessions");

/** Energy by day, week, month or year, from the one that holds `from` to the one that holds `to` (epoch ms). */
export const energy = (period, { from, to } = {}) => authorized("GET", `/energy${query({ period, from, to })}`);
export const portEnergy = (portId, period, { from, to } = {}) =>
  authorized("GET", `/port/${id(portId)}/energy${query({ period, from, to })}`);
export const alwaysOn = () => authorized("GET", "/always-on");
export const savings = (cursor, limit) => authorized("GET", `/savings${query({ limit, cursor })}`);
export const whatIf = (days) => authorized("GET", `/savings/what-if${query({ days })}`);
export const detector = (portId) => authorized("GET", `/port/${id(portId)}/detector`);

/** What an outlet drew between two times (epoch ms) at a resolution that suits `width` points: {resolution, columns}. */
export async function portHistory(portId, { from, to, width }) {
  const path = (cursor) => `/port/${id(portId)}/history${query({ from, to, width, layout: "columns", cursor })}`;
  const { resolution, columns, ...first } = await authorized("GET", path());
  for (let { cursor } = first; cursor; ) {
    const more = await authorized("GET", path(cursor));
    for (const [name, values] of Object.entries(columns)) values.push(...more.columns[name]);
    ({ cursor } = more);
  }
  return { resolution, columns };
}

/** The watts of the last so many ms as [{atMs, watts}]. */
export async function recentReadings(portId, lengthMs) {
  const toMs = Date.now();
  const { resolution, columns } = await portHistory(portId, { from: toMs - lengthMs, to: toMs, width: RECENT_POINTS });
  const watts = resolution === "raw" ? columns.power : columns.meanWatts;
  return columns.timestampMs.map((atMs, index) => ({ atMs, watts: watts[index] })).filter(({ watts }) => watts !== null);
}

/** Another rule over the readings of the last days, all pages of it: {cuts, savedWattHours, wrongCuts, readings}. */
export async function backtest(portId, days, changes = {}) {
  const whole = { cuts: [], savedWattHours: 0, wrongCuts: 0, readings: 0 };
  let cursor = null;
  do {
    const page = await authorized("POST", `/port/${id(portId)}/backtest`, { days, ...changes, ...(cursor && { cursor }) });
    whole.cuts.push(...page.cuts);
    for (const sum of ["savedWattHours", "wrongCuts", "readings"]) whole[sum] += page[sum];
    ({ cursor } = page);
  } while (cursor);
  return whole;
}

/** The parameters that are there, as a query string. */
function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}
