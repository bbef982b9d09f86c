/** The home of the person who is signed in: loaded from the lists, kept fresh by live messages. Pages read `state`. */

import * as api from "../api/client.js";
import { ApiError } from "../api/http.js";
import { keepLive } from "../api/live.js";
import * as homes from "./state.js";

/** @import { Account, Port, PhantomEvent, Push, RelayState, Verdict } from "../api/types.d.ts" */
/** @import { Home } from "./state.js" */

const TRACE_START_MS = 5 * 60_000; // enough to begin a curve with, and a small answer
const EVENTS_PAGE = 30;
const EVENTS_AT_ONCE = 200; // the most the API gives
const LIVENESS_TEXT_REFRESH_MS = 60_000; // the texts of devices that are not well are fetched again this often
const EVENTS_WAIT_MS = 300; // several live messages belong to one cut: one list is enough

/** @type {Home} */
export let state = homes.emptyHome();
let stopLive = () => {};
let changeListener = () => {};
let isPainting = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let eventsTimer;
/** @type {ReturnType<typeof setInterval> | undefined} */
let livenessTimer;
/** @type {Promise<void>} */
let loads = Promise.resolve();
/** @type {Push[] | null} what was pushed during a load */
let pushedMeanwhile = null;

/**
 * Set what is called soon after each change, once for all changes of a moment.
 * @param {() => void} listener
 */
export function onChange(listener) {
  changeListener = listener;
}

/** Have the listener called soon. */
export function notifyChange() {
  if (isPainting) return;
  isPainting = true;
  setTimeout(() => {
    isPainting = false;
    changeListener();
  });
}

/** Connect and load. The lists are loaded again after each connection, since pushes may have been missed. */
export function start() {
  stop();
  stopLive = keepLive({ onMessage: receive, onState: setConnection });
  livenessTimer = setInterval(pollUnhealthyDevices, LIVENESS_TEXT_REFRESH_MS);
}

/** Disconnect and forget the home. */
export function stop() {
  stopLive();
  clearInterval(livenessTimer);
  clearTimeout(eventsTimer);
  eventsTimer = undefined;
  state = homes.emptyHome();
}

/**
 * The account of the person who is signed in. Pages call it only after the first load.
 * @returns {Account}
 */
export function currentAccount() {
  if (!state.account) throw new Error("The account is not loaded yet");
  return state.account;
}

/** @param {Home["live"]} live */
function setConnection(live) {
  state.live = live;
  if (live === "live" || state.phase === "loading") load();
  notifyChange();
}

/**
 * Load the lists, after any load that is under way. What is pushed meanwhile may be newer, so it is applied again on top.
 * @returns {Promise<void>}
 */
export function load() {
  return enqueue(loadLists);
}

/**
 * Run a load after those under way. The caller handles its error; later loads go on.
 * @param {() => Promise<void>} run
 */
function enqueue(run) {
  const loaded = loads.then(run);
  loads = loaded.catch(() => {});
  return loaded;
}

async function loadLists() {
  const home = state;
  pushedMeanwhile = [];
  try {
    const [account, devices, ports, { events, cursor }, { notifications, unread }] = await Promise.all([
      api.account(), api.devices(), api.ports(), newestEvents(home), api.notifications(homes.NOTIFICATIONS_SHOWN),
    ]);
    homes.applyLists(home, { account, devices, ports, events, eventsCursor: cursor, notifications, unread });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    Object.assign(home, { phase: home.phase === "ready" ? "ready" : "error", problem: error.message });
  } finally {
    const messages = pushedMeanwhile ?? [];
    pushedMeanwhile = null;
    if (home === state) messages.forEach(apply);
  }
  notifyChange();
}

/**
 * Fetch as many events as are known, since any of them may have changed.
 * @param {Home} home
 */
const newestEvents = (home) => api.events(Math.min(Math.max(home.events.length, EVENTS_PAGE), EVENTS_AT_ONCE));

async function loadEvents() {
  const home = state;
  try {
    const { events, cursor } = await newestEvents(home);
    Object.assign(home, { events, eventsCursor: cursor, problem: "" });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    home.problem = error.message;
  }
  notifyChange();
}

function loadEventsSoon() {
  eventsTimer ??= setTimeout(() => {
    eventsTimer = undefined;
    enqueue(loadEvents);
  }, EVENTS_WAIT_MS);
}

/**
 * Load older events, until there are `count` in all or no more.
 * @param {number} count
 * @returns {Promise<void>}
 * @throws {ApiError}
 */
export function loadEventsUpTo(count) {
  return enqueue(() => loadOlderEvents(state, count));
}

/**
 * @param {Home} home
 * @param {number} count
 */
async function loadOlderEvents(home, count) {
  while (home.events.length < count && home.eventsCursor) {
    const { events, cursor } = await api.events(EVENTS_PAGE, home.eventsCursor);
    Object.assign(home, { events: [...home.events, ...events], eventsCursor: cursor });
  }
  notifyChange();
}

/**
 * Fetch the watts of an outlet's last minutes, once, for a curve that somebody sees.
 * @param {string} portId
 */
export async function loadRecentReadings(portId) {
  const home = state;
  if (home.fetchedTraces.has(portId)) return;
  home.fetchedTraces.add(portId);
  try {
    homes.prependReadings(home, portId, await api.recentReadings(portId, TRACE_START_MS));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    home.fetchedTraces.delete(portId); // the curve grows from what is pushed; the next page asks again
  }
  notifyChange();
}

/**
 * Fetch a device again: its liveness and the reason for it are not pushed.
 * @param {string} deviceId
 */
export async function refreshDevice(deviceId) {
  const home = state;
  try {
    const device = await api.device(deviceId);
    if (home.devices.has(deviceId)) home.devices.set(deviceId, device);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // what is shown stays; the next load says what is wrong
  }
  notifyChange();
}

function pollUnhealthyDevices() {
  if (document.visibilityState !== "visible") return;
  for (const { deviceId, liveness } of state.devices.values()) if (liveness.state !== "online") refreshDevice(deviceId);
}

/** @param {Push} message */
function receive(message) {
  pushedMeanwhile?.push(message);
  if (apply(message).eventsAreStale) loadEventsSoon();
  notifyChange();
}

/** @param {Push} message */
function apply(message) {
  const followUp = homes.applyMessage(state, message);
  if (followUp.deviceListIsStale) load();
  if (followUp.staleDeviceId) refreshDevice(followUp.staleDeviceId);
  return followUp;
}

/**
 * Show a port as an answer of the API has it.
 * @param {Partial<Port> & { portId: string }} port
 */
export function putPort(port) {
  homes.putPort(state, port);
  notifyChange();
}

/**
 * Remove an outlet.
 * @param {string} portId
 */
export function removePort(portId) {
  state.ports.delete(portId);
  notifyChange();
}

/**
 * Remove a device and its outlets.
 * @param {string} deviceId
 */
export function removeDevice(deviceId) {
  homes.removeDevice(state, deviceId);
  notifyChange();
}

/**
 * List the outlets of a device.
 * @param {string} deviceId
 * @returns {Port[]} in the order of their channels
 */
export const portsOf = (deviceId) => homes.portsOfDevice(state, deviceId);

/**
 * Switch an outlet. Its relay shows as pending until the Pi reports.
 * @param {string} portId
 * @param {RelayState} desired
 * @throws {ApiError}
 */
export async function switchPort(portId, desired) {
  const relay = await api.switchPort(portId, desired);
  putPort({ portId, relay });
}

/**
 * Say whether an event was right or wrong. "wrong" switches its outlet on again if it is still cut for it.
 * @param {string} eventId
 * @param {Verdict} verdict
 * @returns {Promise<PhantomEvent>}
 * @throws {ApiError}
 */
export async function giveFeedback(eventId, verdict) {
  const event = await api.giveFeedback(eventId, verdict);
  homes.putEvent(state, event);
  notifyChange();
  return event;
}

/**
 * Mark notifications as read.
 * @param {string[]} [notificationIds] all of them without
 * @throws {ApiError}
 */
export async function markRead(notificationIds) {
  await (notificationIds ? api.markRead(notificationIds) : api.markAllRead());
  const { notifications, unread } = await api.notifications(homes.NOTIFICATIONS_SHOWN);
  Object.assign(state, { notifications, unread });
  notifyChange();
}
