/** What the page knows of a home, and how lists and live messages change it. Pure: no requests, no clock. */

/** @import { Account, Device, Notification, PhantomEvent, Port, PowerPoint, Push } from "../api/types.d.ts" */

/**
 * @typedef {object} Home
 * @property {"loading" | "ready" | "error"} phase
 * @property {string} problem a sentence, or ""
 * @property {"connecting" | "live" | "reconnecting" | "offline"} live
 * @property {Account | null} account
 * @property {Map<string, Device>} devices by deviceId
 * @property {Map<string, Port>} ports by portId
 * @property {PhantomEvent[]} events newest first, as far back as somebody wanted to see
 * @property {string | null} eventsCursor where older events go on; null when there are none
 * @property {Notification[]} notifications newest first
 * @property {number} unread
 * @property {any} summary the home's energy as it was last fetched
 * @property {Map<string, PowerPoint[]>} traces the watts of the last minutes by portId
 * @property {Set<string>} fetchedTraces portIds whose traces were fetched, not only pushed
 */

/**
 * @typedef {object} Lists
 * @property {Account} account
 * @property {Device[]} devices
 * @property {Port[]} ports
 * @property {PhantomEvent[]} events
 * @property {string | null} eventsCursor
 * @property {Notification[]} notifications
 * @property {number} unread
 */

/** @typedef {{ deviceListIsStale?: boolean, staleDeviceId?: string, eventsAreStale?: boolean }} FollowUp */

const TRACE_MS = 15 * 60_000;
export const NOTIFICATIONS_SHOWN = 100;

/**
 * Make a home of which nothing is known yet.
 * @returns {Home} a home of which nothing is known yet
 */
export const emptyHome = () => ({
  phase: "loading", problem: "", live: "connecting",
  account: null, devices: new Map(), ports: new Map(), events: [], eventsCursor: null, notifications: [], unread: 0,
  summary: null, traces: new Map(), fetchedTraces: new Set(),
});

/**
 * Replace the lists by newer ones.
 * @param {Home} home
 * @param {Lists} lists
 */
export function applyLists(home, { devices, ports, ...lists }) {
  Object.assign(home, { phase: "ready", problem: "", ...lists });
  home.devices = new Map(devices.map((device) => [device.deviceId, device]));
  home.ports = new Map(ports.map((port) => [port.portId, port]));
  for (const { portId, latest } of ports) if (latest) appendReading(home, portId, latest);
}

/**
 * Apply a live message. Messages of types that this page does not know change nothing.
 * @param {Home} home
 * @param {Push} message
 * @returns {FollowUp} what the message makes stale
 */
export function applyMessage(home, message) {
  switch (message.type) {
    case "reading": {
      const port = home.ports.get(message.portId);
      if (!port) return {};
      const isNewest = !port.latest || port.latest.timestampMs <= message.reading.timestampMs;
      if (isNewest) Object.assign(port, { status: message.status, latest: message.reading, silentSinceMs: null });
      appendReading(home, message.portId, message.reading);
      return {};
    }
    case "sensor_data": {
      const device = home.devices.get(message.deviceId);
      if (device) device.latest = { timestamp: message.timestamp, sensors: message.sensors, units: message.units };
      return {};
    }
    case "device":
      return applyDevice(home, message);
    case "port":
      if (message.port) putPort(home, message.port);
      else home.ports.delete(message.portId);
      return { eventsAreStale: true };
    case "notification":
      addNotification(home, message.notification);
      return { eventsAreStale: true };
    default:
      return {};
  }
}

/**
 * @param {Home} home
 * @param {Extract<Push, { type: "device" }>} message
 * @returns {FollowUp}
 */
function applyDevice(home, { deviceId, name, status, lastSeen }) {
  if (status === "removed") {
    removeDevice(home, deviceId);
    return {};
  }
  const device = home.devices.get(deviceId);
  if (!device) return { deviceListIsStale: true }; // only the list has all of a device
  const hasTurned = device.status !== status;
  Object.assign(device, { name, status, lastSeen });
  return hasTurned ? { staleDeviceId: deviceId } : {}; // its liveness is not pushed
}

/**
 * @param {Home} home
 * @param {Notification} notification
 */
function addNotification(home, notification) {
  if (home.notifications.some(({ notificationId }) => notificationId === notification.notificationId)) return;
  home.notifications = [notification, ...home.notifications].slice(0, NOTIFICATIONS_SHOWN);
  home.unread += notification.read ? 0 : 1;
}

/**
 * Append a reading to the trace of an outlet, and drop what is too old. An older reading changes nothing.
 * @param {Home} home
 * @param {string} portId
 * @param {{ timestampMs: number, power: number, heldMs?: number }} reading
 */
export function appendReading(home, portId, { timestampMs, power, heldMs = 0 }) {
  const points = home.traces.get(portId) ?? [];
  if (points.length > 0 && points[points.length - 1].atMs >= timestampMs) return;
  const recent = points.filter(({ atMs }) => atMs > timestampMs - TRACE_MS);
  home.traces.set(portId, [...recent, { atMs: timestampMs, watts: power, ...(heldMs > 0 && { heldMs }) }]);
}

/**
 * Put fetched readings before those of the trace.
 * @param {Home} home
 * @param {string} portId
 * @param {PowerPoint[]} points in the order of time
 */
export function prependReadings(home, portId, points) {
  const trace = home.traces.get(portId) ?? [];
  const firstMs = trace[0]?.atMs ?? Infinity;
  home.traces.set(portId, [...points.filter(({ atMs }) => atMs < firstMs), ...trace]);
}

/**
 * Add a port, or change fields of one.
 * @param {Home} home
 * @param {Partial<Port> & { portId: string, success?: boolean }} changes
 */
export function putPort(home, { success: _, ...changes }) {
  home.ports.set(changes.portId, /** @type {Port} */ ({ ...home.ports.get(changes.portId), ...changes }));
}

/**
 * Remove a device and its outlets.
 * @param {Home} home
 * @param {string} deviceId
 */
export function removeDevice(home, deviceId) {
  home.devices.delete(deviceId);
  for (const { portId } of portsOfDevice(home, deviceId)) home.ports.delete(portId);
}

/**
 * List the outlets of a device.
 * @param {Home} home
 * @param {string} deviceId
 * @returns {Port[]} in the order of their channels
 */
export const portsOfDevice = (home, deviceId) =>
  [...home.ports.values()].filter((port) => port.deviceId === deviceId).sort((first, second) => first.channel - second.channel);

/**
 * Replace an event by a newer state of it.
 * @param {Home} home
 * @param {PhantomEvent} changed
 */
export function putEvent(home, changed) {
  home.events = home.events.map((event) => (event.eventId === changed.eventId ? changed : event));
}
