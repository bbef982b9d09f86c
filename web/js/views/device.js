/** One Pi: its state, its outlets, its sensors, and what can be done with it. */

import * as api from "../api.js";
import { confirmFirst, openDialog } from "../dialog.js";
import { h, icon, keepList, setText } from "../dom.js";
import { agoText } from "../format.js";
import { form, textField } from "../form.js";
import { menu } from "../menu.js";
import { portsOf, removeDevice, state, touch } from "../store.js";
import { portCard } from "./port_card.js";
import { addPortDialog } from "./port_form.js";
import { sensorCards } from "./sensors.js";

/** {node, update(device)}. */
export function deviceSection({ deviceId }) {
  const current = () => state.devices.get(deviceId);
  const id = `device-${deviceId}`;
  const [name, seen, parts] = [h("h2", { id }), h("p", { class: "seen" }), new Map()];
  const grid = h("div", { class: "grid" });
  const none = h("p", { class: "empty small" }, "No outlets yet. Add one for each appliance that this Pi measures.");
  const sensors = sensorCards();
  const node = h("section", { class: "device", "aria-labelledby": id, data: { deviceId } },
    h("header", {}, h("span", { class: "kind" }, icon("pi")), h("div", {}, name, seen),
      h("button", { type: "button", class: "soft", on: { click: () => addPortDialog(deviceId) } }, icon("plus"), h("span", {}, "Add outlet")),
      menu("More for this device", [
        ["Rename…", () => renameDialog(current())],
        ["New key…", () => rotateDialog(current())],
        ["Release…", () => releaseDialog(current()), "danger"],
      ])),
    none, grid, sensors.node);

  function update(device) {
    const ports = portsOf(deviceId);
    node.dataset.status = device.status;
    setText(name, device.name);
    setText(seen, seenWords(device));
    none.hidden = ports.length > 0;
    keepList(grid, parts, ports, (port) => port.portId, portCard);
    sensors.update(device.latest);
  }

  return { node, update };
}

function seenWords({ status, lastSeen }) {
  if (!lastSeen) return "not heard of yet";
  return status === "online" ? "online" : `offline · last seen ${agoText(lastSeen)}`;
}

function renameDialog(device) {
  openDialog("Rename the device", (close) => form({
    fields: [
      textField({ name: "name", label: "Name", value: device.name, required: true, maxlength: 80, autocomplete: "off" }),
    ],
    action: "Rename",
    cancel: close,
    send: async ({ name }) => {
      await api.renameDevice(device.deviceId, name);
      state.devices.get(device.deviceId).name = name;
      touch();
      close();
    },
  }));
}

function rotateDialog(device) {
  openDialog(`A new key for ${device.name}`, (close) => [
    h("p", {}, "The Pi needs the new key to go on. The old key works until the new one is first used."),
    form({
      fields: [],
      action: "Make a new key",
      cancel: close,
      send: async (_, asked) => asked.replaceWith(keyShown(await api.rotateKey(device.deviceId), close)),
    }),
  ]);
}

function keyShown(apiKey, close) {
  const key = h("input", { readonly: true, value: apiKey, class: "key", "aria-label": "The new key" });
  const told = h("p", { class: "hint", role: "status" }, "It is shown now and never again.");
  const copy = async () => {
    key.select();
    if (!navigator.clipboard) return setText(told, "Selected: copy it with Ctrl+C or ⌘C."); // plain http from another machine
    await navigator.clipboard.writeText(apiKey);
    setText(told, "Copied. It is shown now and never again.");
  };
  return h("div", { class: "stack" }, key, told,
    h("div", { class: "actions" },
      h("button", { type: "button", class: "quiet", on: { click: copy } }, "Copy"),
      h("button", { type: "button", class: "primary", on: { click: close } }, "Done")));
}

function releaseDialog(device) {
  confirmFirst({
    title: `Release ${device.name}?`,
    text: "Its key stops working at once; its outlets and readings go away. It can be paired again, by you or by another person.",
    action: "Release device",
    run: async () => {
      await api.releaseDevice(device.deviceId);
      removeDevice(device.deviceId);
    },
  });
}
