/** The dialogs of a Pi: another name, a new key, releasing it. */

import * as api from "../../api/client.js";
import { NAME_LENGTH } from "../../generated/facts.js";
import { notifyChange, portsOf, removeDevice, state } from "../../store/home.js";
import { deviceTexts } from "../../texts/home.js";
import { confirmFirst, oneTimeSecret, openDialog } from "../../ui/dialog.js";
import { html } from "../../ui/dom.js";
import { form, selectField, textField } from "../../ui/form.js";

/** @import { Device } from "../../api/types.d.ts" */

const { keyLives } = deviceTexts;
/** @type {[days: string, text: string][]} */
const KEY_LIVES = [["", keyLives.never], ["30", keyLives[30]], ["90", keyLives[90]], ["365", keyLives[365]]];

/**
 * Open the dialog that renames a device.
 * @param {Device} device
 */
export function renameDialog(device) {
  openDialog(deviceTexts.renameTitle, (close) => form({
    fields: [
      textField({ name: "name", label: deviceTexts.name, value: device.name, required: true, maxlength: NAME_LENGTH, autocomplete: "off" }),
    ],
    action: deviceTexts.rename,
    cancel: close,
    send: async ({ name }) => {
      await api.renameDevice(device.deviceId, name);
      const current = state.devices.get(device.deviceId);
      if (current) current.name = name;
      notifyChange();
      close();
    },
  }));
}

/**
 * Open the dialog that makes a new key for a device.
 * @param {Device} device
 */
export function rotateKeyDialog({ deviceId, name }) {
  openDialog(deviceTexts.keyTitle(name), (close) => [
    html("p", {}, deviceTexts.keyText),
    form({
      fields: [selectField({
        name: "expiresInDays", label: deviceTexts.keyExpires, value: "", options: KEY_LIVES, hint: deviceTexts.keyExpiresHint,
      })],
      action: deviceTexts.makeKey,
      cancel: close,
      send: async ({ expiresInDays }, node) => {
        const key = await api.rotateKey(deviceId, expiresInDays ? Number(expiresInDays) : undefined);
        node.replaceWith(oneTimeSecret(deviceTexts.newKey, key, close));
      },
    }),
  ]);
}

/**
 * Ask, then release a device.
 * @param {Device} device
 */
export function releaseDialog({ deviceId, name }) {
  confirmFirst({
    title: deviceTexts.releaseTitle(name),
    text: deviceTexts.releaseText(portsOf(deviceId).map((port) => port.name)),
    action: deviceTexts.release,
    run: async () => {
      await api.releaseDevice(deviceId);
      removeDevice(deviceId);
    },
  });
}
