/** The state of a home: lists and live messages, in whatever order they come. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { relayStatus } from "../../web/js/store/relay.js";
import {
  appendReading, applyLists, applyMessage, emptyHome, NOTIFICATIONS_SHOWN, portsOfDevice, prependReadings, putEvent, putPort,
} from "../../web/js/store/state.js";

const MINUTE_MS = 60_000;
const reading = (timestampMs, power) => ({ timestamp: new Date(timestampMs).toISOString(), timestampMs, voltage: 230, current: power / 230, power });
const port = (portId, fields = {}) => ({ portId, deviceId: "pi-1", name: portId, channel: 1, status: "active", silentSinceMs: null, latest: null, ...fields });
const device = (deviceId, fields = {}) => ({ deviceId, name: deviceId, status: "online", lastSeen: null, latest: null, ...fields });
const notification = (notificationId, read = false) => ({ notificationId, kind: "cut", message: "", at: "", read, portId: null, deviceId: null });

function home({ devices = [device("pi-1")], ports = [port("tv")], ...lists } = {}) {
  const made = emptyHome();
  applyLists(made, { account: {}, devices, ports, events: [], eventsCursor: null, notifications: [], unread: 0, ...lists });
  return made;
}

test("a home is ready once its lists are there", () => {
  assert.equal(emptyHome().phase, "loading");
  assert.equal(home().phase, "ready");
});

test("a pushed reading becomes the latest of its port, an older one does not", () => {
  const state = home();
  applyMessage(state, { type: "reading", deviceId: "pi-1", portId: "tv", status: "standby", reading: reading(2_000, 3) });
  applyMessage(state, { type: "reading", deviceId: "pi-1", portId: "tv", status: "active", reading: reading(1_000, 90) });
  assert.equal(state.ports.get("tv").latest.power, 3);
  assert.equal(state.ports.get("tv").status, "standby");
  assert.deepEqual(state.traces.get("tv"), [{ atMs: 2_000, watts: 3 }]);
});

test("a silent port speaks again with its next reading", () => {
  const state = home({ ports: [port("tv", { status: "silent", silentSinceMs: 1 })] });
  applyMessage(state, { type: "reading", deviceId: "pi-1", portId: "tv", status: "active", reading: reading(2_000, 90) });
  assert.equal(state.ports.get("tv").silentSinceMs, null);
});

test("a reading of an unknown port changes nothing", () => {
  const state = home();
  applyMessage(state, { type: "reading", deviceId: "pi-9", portId: "lamp", status: "active", reading: reading(1, 5) });
  assert.equal(state.traces.size, 0);
});

test("a trace keeps a quarter of an hour", () => {
  const state = home();
  for (let minute = 0; minute <= 20; minute += 1) appendReading(state, "tv", reading(minute * MINUTE_MS, minute));
  const points = state.traces.get("tv");
  assert.equal(points[0].atMs, 6 * MINUTE_MS);
  assert.equal(points[points.length - 1].watts, 20);
});

test("fetched readings go before those that were pushed meanwhile, each time once", () => {
  const state = home();
  appendReading(state, "tv", reading(3_000, 30));
  prependReadings(state, "tv", [{ atMs: 1_000, watts: 10 }, { atMs: 2_000, watts: 20 }, { atMs: 3_000, watts: 30 }, { atMs: 4_000, watts: 40 }]);
  assert.deepEqual(state.traces.get("tv").map(({ atMs }) => atMs), [1_000, 2_000, 3_000]);
});

test("a device that turns has to be asked why, one that is unknown has to be listed", () => {
  const state = home();
  const message = { type: "device", deviceId: "pi-1", name: "Study", status: "online", lastSeen: "now" };
  assert.deepEqual(applyMessage(state, message), {});
  assert.equal(state.devices.get("pi-1").name, "Study");
  assert.deepEqual(applyMessage(state, { ...message, status: "offline" }), { staleDeviceId: "pi-1" });
  assert.deepEqual(applyMessage(state, { ...message, deviceId: "pi-2" }), { deviceListIsStale: true });
});

test("a removed device takes its outlets along", () => {
  const state = home({ devices: [device("pi-1"), device("pi-2")], ports: [port("tv"), port("lamp", { deviceId: "pi-2" })] });
  applyMessage(state, { type: "device", deviceId: "pi-1", name: "", status: "removed", lastSeen: null });
  assert.deepEqual([...state.devices.keys()], ["pi-2"]);
  assert.deepEqual([...state.ports.keys()], ["lamp"]);
});

test("a pushed port is merged or removed, and its events are read again", () => {
  const state = home();
  assert.deepEqual(applyMessage(state, { type: "port", portId: "tv", deviceId: "pi-1", port: port("tv", { name: "Television" }) }), { eventsAreStale: true });
  assert.equal(state.ports.get("tv").name, "Television");
  applyMessage(state, { type: "port", portId: "tv", deviceId: "pi-1", port: null });
  assert.equal(state.ports.size, 0);
});

test("changing one field of a port keeps the others and drops the envelope of the answer", () => {
  const state = home();
  putPort(state, { success: true, portId: "tv", name: "Television" });
  assert.deepEqual(state.ports.get("tv"), port("tv", { name: "Television" }));
});

test("ports stand in the order of their channels", () => {
  const state = home({ ports: [port("c", { channel: 3 }), port("a"), port("b", { channel: 2 }), port("x", { deviceId: "pi-2" })] });
  assert.deepEqual(portsOfDevice(state, "pi-1").map(({ portId }) => portId), ["a", "b", "c"]);
});

test("a notification counts once, and the list is bounded", () => {
  const state = home();
  for (const id of ["n1", "n1", "n2"]) applyMessage(state, { type: "notification", notification: notification(id) });
  applyMessage(state, { type: "notification", notification: notification("n3", true) });
  assert.equal(state.unread, 2);
  for (let index = 0; index < NOTIFICATIONS_SHOWN; index += 1) applyMessage(state, { type: "notification", notification: notification(`m${index}`) });
  assert.equal(state.notifications.length, NOTIFICATIONS_SHOWN);
  assert.equal(state.notifications[0].notificationId, `m${NOTIFICATIONS_SHOWN - 1}`);
});

test("feedback replaces its event in place", () => {
  const state = home({ events: [{ eventId: "e2", verdict: null }, { eventId: "e1", verdict: null }] });
  putEvent(state, { eventId: "e2", verdict: "wrong" });
  assert.deepEqual(state.events.map(({ verdict }) => verdict), ["wrong", null]);
});

test("a message of a later version changes nothing", () => {
  assert.deepEqual(applyMessage(home(), { type: "weather" }), {});
});

test("a relay is pending until the device has answered its last command", () => {
  const relay = { desired: "off", reported: "on", version: 2, reportedVersion: 1 };
  assert.equal(relayStatus(relay), "switching-off");
  assert.equal(relayStatus({ ...relay, reportedVersion: 2 }), "refused");
  assert.equal(relayStatus({ ...relay, reported: "off", reportedVersion: 2 }), "off");
  assert.equal(relayStatus({ desired: "on", reported: null, version: 0, reportedVersion: null }), "on");
});
