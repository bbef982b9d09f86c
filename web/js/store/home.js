/** What the page knows of the home: loaded from the lists, kept fresh by live messages. Views read it, verbs here change it. */

import * as api from "../api/client.js";
import { ApiError } from "../api/http.js";
import { keepLive } from "../api/live.js";

const TRACE_MS = 15 * 60_000;
const RECALLED_MS = 5 * 60_000; // enough to begin a curve with, and a small answer
const EVENTS_PAGE = 30;
const EVENTS_AT_ONCE = 200; // the most the API gives
const NOTIFICATIONS_SHOWN = 100;
const LIVENESS_TEXT_REFRESH_MS = 60_000; // "it last called 3 min ago" of a device that is not well is fetched anew this often
const EVENTS_WAIT_MS = 300; // several live messages tell of one cut: one list is enough

const empty = () => ({
  phase: "loading", // loading, ready, error
  problem: "",
  live: "connecting", // connecting, live, reconnecting, offline
  account: null,
  devices: new Map(),
  ports: new Map(),
  events: [], // newest first, as far back as somebody wanted to see
  eventsCursor: null, // where older ones go on; null when there are none
  notifications: [],
  unread: 0,
  summary: null, // the home's energy as it was last fetched
  traces: new Map(), // portId -> [{ atMs, watts }] of the last minutes
  recalled: new Set(), // portIds whose traces were fetched, not only pushed
});

export let state = empty();
let stopLive = () => {};
let changed = () => {};
let painting = false;
let eventsTimer = null;
let watch = null;
let loads = Promise.resolve();
let missed = null; // what was pushed during a load

/** Call `listener` soon after each change, once for all changes of a moment. */
export function onChange(listener) {
  changed = listener;
}

export function notifyChange() {
  if (painting) return;
  painting = true;
  setTimeout(() => {
    painting = false;
    changed();
  });
}

/** Connect and load; the lists are loaded again after each connection, since pushes may have been missed. */
export function start() {
  stop();
  stopLive = keepLive({ onMessage: receive, onState: connection });
  watch = setInterval(pollUnhealthyDevices, LIVENESS_TEXT_REFRESH_MS);
}

export function stop() {
  stopLive();
  clearInterval(watch);
  clearTimeout(eventsTimer);
  eventsTimer = null;
  state = empty();
}

function connection(live) {
  state.live = live;
  if (live === "live" || state.phase === "loading") load();
  notifyChange();
}

/** Load the lists, after any load that is under way. What is pushed meanwhile may be newer, so it is applied again on top. */
export function load() {
  loads = loads.then(loadLists);
  return loads;
}

async function loadLists() {
  const home = state;
  missed = [];
  try {
    const lists = await Promise.all([
      api.account(), api.devices(), api.ports(), newestEvents(home), api.notifications(NOTIFICATIONS_SHOWN),
    ]);
    applyLists(home, lists);
  } catch (error) {
    Object.assign(home, { phase: home.phase === "ready" ? "ready" : "error", problem: error.message });
  }
  const late = missed;
  missed = null;
  if (home === state) late.forEach(apply);
  notifyChange();
}

function applyLists(home, [account, devices, ports, { events, cursor }, { notifications, unread }]) {
  Object.assign(home, { phase: "ready", problem: "", account, events, eventsCursor: cursor, unread, notifications });
  home.devices = new Map(devices.map((device) => [device.deviceId, device]));
  home.ports = new Map(ports.map((port) => [port.portId, port]));
  for (const { portId, latest } of ports) if (latest) appendReading(home, portId, latest);
}

/** As many as are known, since any of them may have changed. */
const newestEvents = (home) => api.events(Math.min(Math.max(home.events.length, EVENTS_PAGE), EVENTS_AT_ONCE));

async function loadEvents() {
  const home = state;
  try {
    const { events, cursor } = await newestEvents(home);
    Object.assign(home, { events, eventsCursor: cursor, problem: "" });
  } catch (error) {
    home.problem = error.message;
  }
  notifyChange();
}

/** Fetch the watts of an outlet's last minutes, once, for a curve that somebody sees. */
export async function loadRecentReadings(portId) {
  const home = state;
  if (home.recalled.has(portId)) return;
  home.recalled.add(portId);
  try {
    prependReadings(home, portId, await api.recentReadings(portId, RECALLED_MS));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    home.recalled.delete(portId); // the curve grows from what is pushed; the next view asks again
  }
  notifyChange();
}

/** Put what was before what is known already. */
function prependReadings(home, portId, points) {
  const known = home.traces.get(portId) ?? [];
  const firstMs = known[0]?.atMs ?? Infinity;
  home.traces.set(portId, [...points.filter(({ atMs }) => atMs < firstMs), ...known]);
}

function appendReading(home, portId, reading) {
  const points = home.traces.get(portId) ?? [];
  if (points.length && points.at(-1).atMs >= reading.timestampMs) return;
  const kept = points.filter((point) => point.atMs > reading.timestampMs - TRACE_MS);
  home.traces.set(portId, [...kept, { atMs: reading.timestampMs, watts: reading.power }]);
}

const receivers = {
  reading({ portId, status, reading }) {
    const port = state.ports.get(portId);
    if (!port) return;
    if (!port.latest || port.latest.timestampMs <= reading.timestampMs) Object.assign(port, { status, latest: reading, silentSinceMs: null });
    appendReading(state, portId, reading);
  },
  sensor_data({ deviceId, timestamp, sensors, units }) {
    const device = state.devices.get(deviceId);
    if (device) device.latest = { timestamp, sensors, units };
  },
  device({ deviceId, name, status, lastSeen }) {
    if (status === "removed") removeDevice(deviceId);
    else if (state.devices.has(deviceId)) changeDevice(state.devices.get(deviceId), { name, status, lastSeen });
    else load(); // only the list has all of a device
  },
  port({ portId, port }) {
    if (port) putPort(port);
    else removePort(portId);
  },
  notification({ notification }) {
    if (state.notifications.some((known) => known.notificationId === notification.notificationId)) return;
    state.notifications = [notification, ...state.notifications].slice(0, NOTIFICATIONS_SHOWN);
    state.unread += notification.read ? 0 : 1;
  },
};

function changeDevice(device, changes) {
  const turned = device.status !== changes.status;
  Object.assign(device, changes);
  if (turned) refreshDevice(device.deviceId);
}

/** Ask how a device is, and why: that is not pushed, and its figures age. */
export async function refreshDevice(deviceId) {
  const home = state;
  try {
    const device = await api.device(deviceId);
    if (home.devices.has(deviceId)) home.devices.set(deviceId, device);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // what is shown stays; the next load tells what is wrong
  }
  notifyChange();
}

function pollUnhealthyDevices() {
  if (document.visibilityState !== "visible") return;
  for (const { deviceId, liveness } of state.devices.values()) if (liveness.state !== "online") refreshDevice(deviceId);
}

function apply(message) {
  receivers[message.type]?.(message);
}

function receive(message) {
  missed?.push(message);
  apply(message);
  if (message.type === "port" || message.type === "notification") loadEventsSoon();
  notifyChange();
}

/** Know older events too, at least `count` in all if there are so many. Throws ApiError. */
export function loadEventsUpTo(count) {
  const known = loads.then(() => loadOlderEvents(state, count));
  loads = known.catch(() => {}); // who asked hears of it; the loads after it go on
  return known;
}

async function loadOlderEvents(home, count) {
  while (home.events.length < count && home.eventsCursor) {
    const { events, cursor } = await api.events(EVENTS_PAGE, home.eventsCursor);
    Object.assign(home, { events: [...home.events, ...events], eventsCursor: cursor });
  }
  notifyChange();
}

function loadEventsSoon() {
  eventsTimer ??= setTimeout(() => {
    eventsTimer = null;
    loads = loads.then(loadEvents);
  }, EVENTS_WAIT_MS);
}

export function putPort(port) {
  const { success: _, ...known } = port;
  state.ports.set(port.portId, { ...state.ports.get(port.portId), ...known });
  notifyChange();
}

export function removePort(portId) {
  state.ports.delete(portId);
  notifyChange();
}

export function removeDevice(deviceId) {
  state.devices.delete(deviceId);
  for (const port of portsOf(deviceId)) state.ports.delete(port.portId);
  notifyChange();
}

export const portsOf = (deviceId) =>
  [...state.ports.values()].filter((port) => port.deviceId === deviceId).sort((a, b) => a.channel - b.channel);

/** Switch an outlet; the relay shows as pending until the Pi reports. */
export async function switchPort(portId, to) {
  const relay = await api.switchPort(portId, to);
  putPort({ portId, relay });
}

/** Say whether an event was right or wrong; wrong switches its outlet on again if it is still cut for it. */
export async function judgeEvent(eventId, verdict) {
  const judged = await api.judgeEvent(eventId, verdict);
  state.events = state.events.map((event) => (event.eventId === eventId ? judged : event));
  notifyChange();
  return judged;
}

/** Mark these notifications as read; all of them when no ids are given. */
export async function markRead(notificationIds) {
  await (notificationIds ? api.markRead(notificationIds) : api.markAllRead());
  const { notifications, unread } = await api.notifications(NOTIFICATIONS_SHOWN);
  Object.assign(state, { notifications, unread });
  notifyChange();
}
