/** The calls of the API that this page makes, one plain verb each. All throw ApiError. */

import { authorized } from "./session.js";

const PAGE = 200; // the most the API gives at once
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
export const rotateKey = async (deviceId) => (await authorized("POST", `/device/${id(deviceId)}/key`, {})).apiKey;

export const claim = (userCode) => authorized("GET", `/device/claim/${id(userCode)}`);
export const approveClaim = (userCode, deviceName) => authorized("POST", "/device/claim/approve", { userCode, deviceName });
export const denyClaim = (userCode) => authorized("POST", "/device/claim/deny", { userCode });

export const ports = () => all("/port/list", "ports");
export const addPort = (port) => authorized("POST", "/port", port);
export const changePort = (portId, changes) => authorized("PATCH", `/port/${id(portId)}`, changes);
export const deletePort = (portId) => authorized("DELETE", `/port/${id(portId)}`);
export const switchPort = async (portId, state) => (await authorized("POST", `/port/${id(portId)}/switch`, { state })).relay;

export const events = async (limit) => (await authorized("GET", `/phantom-event/list?limit=${limit}`)).events;
export const notifications = (limit) => authorized("GET", `/notification/list?limit=${limit}`);
export const markRead = (notificationIds) => authorized("POST", "/notification/read", { notificationIds });
export const markAllRead = () => authorized("POST", "/notification/read", { all: true });
export const liveTicket = () => authorized("POST", "/live/ticket", {});

export const account = () => authorized("GET", "/account");
export const changeAccount = (changes) => authorized("PATCH", "/account", changes);
export const deleteAccount = () => authorized("DELETE", "/account");
export const sessions = async () => (await authorized("GET", "/account/sessions")).sessions;
export const endOtherSessions = () => authorized("DELETE", "/account/sessions");
