/** The calls of the API that this page makes, one plain verb each. All throw ApiError. */

import { query, request } from "./http.js";
import { authorized } from "./session.js";

export * from "./reports.js";

/** @import * as Api from "./types.d.ts" */

const PAGE = 200; // the most the API gives at once
const id = encodeURIComponent;

/**
 * Fetch all pages of a list.
 * @param {string} path
 * @param {string} key the field that holds the items
 * @returns {Promise<any[]>}
 */
async function allPages(path, key) {
  const items = [];
  let cursor = null;
  do {
    const answer = await authorized("GET", `${path}${query({ limit: PAGE, cursor })}`);
    items.push(...answer[key]);
    cursor = answer.cursor;
  } while (cursor);
  return items;
}

/**
 * List the devices of the account.
 * @returns {Promise<Api.Device[]>}
 */
export const devices = () => allPages("/device/list", "devices");

/**
 * Fetch one device.
 * @param {string} deviceId
 * @returns {Promise<Api.Device>}
 */
export const device = async (deviceId) => (await authorized("GET", `/device/${id(deviceId)}`)).device;

/**
 * Rename a device.
 * @param {string} deviceId
 * @param {string} name
 */
export const renameDevice = (deviceId, name) => authorized("PATCH", `/device/${id(deviceId)}`, { name });

/**
 * Release a device: its key stops working and its data is deleted.
 * @param {string} deviceId
 */
export const releaseDevice = (deviceId) => authorized("DELETE", `/device/${id(deviceId)}`);

/**
 * Make a new key for a device.
 * @param {string} deviceId
 * @param {number} [expiresInDays]
 * @returns {Promise<string>} the new key
 */
export const rotateKey = async (deviceId, expiresInDays) =>
  (await authorized("POST", `/device/${id(deviceId)}/key`, { expiresInDays })).apiKey;

/**
 * Look up the pairing code that a Pi shows.
 * @param {string} userCode
 * @returns {Promise<Api.Claim>}
 */
export const claim = (userCode) => authorized("GET", `/device/claim/${id(userCode)}`);

/**
 * Approve a pairing.
 * @param {string} userCode
 * @param {string} deviceName
 */
export const approveClaim = (userCode, deviceName) => authorized("POST", "/device/claim/approve", { userCode, deviceName });

/**
 * Decline a pairing.
 * @param {string} userCode
 */
export const denyClaim = (userCode) => authorized("POST", "/device/claim/deny", { userCode });

/**
 * List the outlets of the account.
 * @returns {Promise<Api.Port[]>}
 */
export const ports = () => allPages("/port/list", "ports");

/**
 * Add an outlet.
 * @param {Api.NewPort} port
 * @returns {Promise<Api.Port>}
 */
export const addPort = (port) => authorized("POST", "/port", port);

/**
 * Change settings of an outlet.
 * @param {string} portId
 * @param {Api.PortChanges} changes
 * @returns {Promise<Api.Port>}
 */
export const changePort = (portId, changes) => authorized("PATCH", `/port/${id(portId)}`, changes);

/**
 * Delete an outlet.
 * @param {string} portId
 */
export const deletePort = (portId) => authorized("DELETE", `/port/${id(portId)}`);

/**
 * Switch an outlet.
 * @param {string} portId
 * @param {Api.RelayState} state
 * @returns {Promise<Api.Relay>}
 */
export const switchPort = async (portId, state) => (await authorized("POST", `/port/${id(portId)}/switch`, { state })).relay;

/**
 * Fetch a page of phantom events, newest first.
 * @param {number} limit
 * @param {string} [cursor]
 * @returns {Promise<Api.PhantomEventPage>}
 */
export const events = (limit, cursor) => authorized("GET", `/phantom-event/list${query({ limit, cursor })}`);

/**
 * Fetch the newest phantom events of one outlet.
 * @param {string} portId
 * @param {number} limit
 * @returns {Promise<Api.PhantomEvent[]>}
 */
export const eventsOfPort = async (portId, limit) => (await authorized("GET", `/phantom-event/list${query({ portId, limit })}`)).events;

/**
 * Say whether an event was right or wrong.
 * @param {string} eventId
 * @param {Api.Verdict} verdict
 * @returns {Promise<Api.PhantomEvent>}
 */
export const giveFeedback = async (eventId, verdict) =>
  (await authorized("POST", `/phantom-event/${id(eventId)}/feedback`, { verdict })).event;

/**
 * Fetch the newest notifications.
 * @param {number} limit
 * @returns {Promise<{ notifications: Api.Notification[], unread: number }>}
 */
export const notifications = (limit) => authorized("GET", `/notification/list${query({ limit })}`);

/**
 * Mark some notifications as read.
 * @param {string[]} notificationIds
 */
export const markRead = (notificationIds) => authorized("POST", "/notification/read", { notificationIds });

/** Mark all notifications as read. */
export const markAllRead = () => authorized("POST", "/notification/read", { all: true });

/**
 * Fetch the settings of notifications.
 * @returns {Promise<Api.NotificationSettings>}
 */
export const notificationSettings = () => authorized("GET", "/notification/settings");

/**
 * Replace the settings of notifications.
 * @param {Api.NotificationChoices} choices
 * @returns {Promise<Api.NotificationSettings>}
 */
export const chooseNotifications = (choices) => authorized("PUT", "/notification/settings", choices);

/**
 * Send a test by every saved channel.
 * @returns {Promise<Api.TestResult[]>}
 */
export const sendTestNotification = async () => (await authorized("POST", "/notification/test")).results;

/**
 * Get a one-time ticket for the WebSocket.
 * @returns {Promise<{ ticket: string }>}
 */
export const liveTicket = () => authorized("POST", "/live/ticket", {});

/**
 * Fetch the account.
 * @returns {Promise<Api.Account>}
 */
export const account = () => authorized("GET", "/account");

/**
 * Change settings of the account, or its password.
 * @param {Api.AccountChanges} changes
 * @returns {Promise<Api.Account>}
 */
export const changeAccount = (changes) => authorized("PATCH", "/account", changes);

/**
 * Delete the account.
 * @param {Api.Proof} proof
 */
export const deleteAccount = (proof) => authorized("DELETE", "/account", proof);

/**
 * Fetch the dated tariffs.
 * @returns {Promise<Api.Tariff[]>}
 */
export const tariffs = async () => (await authorized("GET", "/account/tariffs")).tariffs;

/**
 * Replace all dated tariffs.
 * @param {Api.Tariff[]} newTariffs
 * @returns {Promise<Api.Tariff[]>}
 */
export const replaceTariffs = async (newTariffs) => (await authorized("PUT", "/account/tariffs", { tariffs: newTariffs })).tariffs;

/**
 * Begin to set up two-step log-in.
 * @param {string} currentPassword
 * @returns {Promise<Api.TotpSetup>}
 */
export const beginTotp = (currentPassword) => authorized("POST", "/account/totp", { currentPassword });

/**
 * Switch two-step log-in on.
 * @param {string} code
 * @returns {Promise<string[]>} the recovery codes
 */
export const finishTotp = async (code) => (await authorized("POST", "/account/totp/confirm", { code })).recoveryCodes;

/**
 * Switch two-step log-in off.
 * @param {Api.Proof} proof
 */
export const endTotp = (proof) => authorized("DELETE", "/account/totp", proof);

/** Mail the link that confirms the address again. */
export const resendConfirmation = () => authorized("POST", "/account/confirm/resend");

/**
 * Confirm an e-mail address with the token of a mailed link.
 * @param {string} token
 */
export const confirmAddress = (token) => request("POST", "/account/confirm", { body: { token } });

/**
 * Have a link mailed that resets the password.
 * @param {string} email
 */
export const requestPasswordReset = (email) => request("POST", "/account/reset", { body: { email } });

/**
 * Set a new password with the token of a mailed link.
 * @param {string} token
 * @param {string} newPassword
 */
export const resetPassword = (token, newPassword) => request("POST", "/account/reset", { body: { token, newPassword } });

/**
 * List sessions and API tokens.
 * @returns {Promise<Api.Session[]>}
 */
export const sessions = async () => (await authorized("GET", "/account/sessions")).sessions;

/**
 * End a session or token.
 * @param {string} sessionId
 */
export const endSession = (sessionId) => authorized("DELETE", `/account/sessions/${id(sessionId)}`);

/** End all sessions and tokens but this session. */
export const endOtherSessions = () => authorized("DELETE", "/account/sessions");

/**
 * Make an API token.
 * @param {Api.TokenRequest} options
 * @returns {Promise<string>} the token
 */
export const makeToken = async (options) => (await authorized("POST", "/account/token", options)).token;

/**
 * Start an export of the data of the account.
 * @param {{ from?: number, to?: number, formats: string[] }} options epoch ms
 * @returns {Promise<Api.Export>}
 */
export const startExport = (options) => authorized("POST", "/export", options);

/**
 * Fetch the state of an export.
 * @param {string} exportId
 * @returns {Promise<Api.Export>}
 */
export const exportState = (exportId) => authorized("GET", `/export/${id(exportId)}`);
