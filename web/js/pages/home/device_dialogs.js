/** What can be done with a Pi: another name, a new key, letting it go. */

import * as api from "../../api/client.js";
import { notifyChange, portsOf, removeDevice, state } from "../../store/home.js";
import { confirmFirst, oneTimeSecret, openDialog } from "../../ui/dialog.js";
import { html } from "../../ui/dom.js";
import { form, selectField, textField } from "../../ui/form.js";

const EXPIRIES = [["", "never"], ["30", "after 30 days"], ["90", "after 90 days"], ["365", "after a year"]];

export function renameDialog(device) {
  openDialog("Rename the device", (close) => form({
    fields: [
      textField({ name: "name", label: "Name", value: device.name, required: true, maxlength: 80, autocomplete: "off" }),
    ],
    action: "Rename",
    cancel: close,
    send: async ({ name }) => {
      await api.renameDevice(device.deviceId, name);
      state.devices.get(device.deviceId).name = name;
      notifyChange();
      close();
    },
  }));
}

export function rotateDialog({ deviceId, name }) {
  openDialog(`A new key for ${name}`, (close) => [
    html("p", {}, "The Pi needs the new key to go on. The old key works until the new one is first used."),
    form({
      fields: [selectField({
        name: "expiresInDays", label: "When it expires", value: "", options: EXPIRIES,
        hint: "An expired key is refused; the Pi then needs another one.",
      })],
      action: "Make a new key",
      cancel: close,
      send: async ({ expiresInDays }, asked) => {
        const key = await api.rotateKey(deviceId, expiresInDays ? Number(expiresInDays) : undefined);
        asked.replaceWith(oneTimeSecret("The new key", key, close));
      },
    }),
  ]);
}

export function releaseDialog({ deviceId, name }) {
  confirmFirst({
    title: `Release ${name}?`,
    text: `${deletedWords(portsOf(deviceId))} Its key stops working at once, the data is deleted within a day. Outlets stay as they are switched. It can be paired again, by you or by another person.`,
    action: "Release device",
    run: async () => {
      await api.releaseDevice(deviceId);
      removeDevice(deviceId);
    },
  });
}

function deletedWords(ports) {
  const its = "readings, history, phantoms and sensor values";
  if (ports.length === 0) return `This deletes its ${its}.`;
  const names = ports.map((port) => port.name).join(", ");
  return `This deletes its ${ports.length === 1 ? "outlet" : `${ports.length} outlets`} (${names}) with all settings, ${its}.`;
}
