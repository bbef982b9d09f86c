/** The dialog that makes a token for scripts: a new key of the device. */

import * as api from "../../api/client.js";
import { portsTexts } from "../../texts/ports.js";
import { oneTimeSecret, openDialog } from "../../ui/dialog.js";
import { html } from "../../ui/dom.js";
import { form } from "../../ui/form.js";

/** @import { Device } from "../../api/types.d.ts" */

/**
 * Open the dialog. It first says what happens to the key that the device has.
 * @param {Device} device
 * @param {(token: string) => void} onMade
 */
export function tokenDialog(device, onMade) {
  openDialog(portsTexts.tokenTitle(device.name), (close) => [
    html("p", {}, portsTexts.tokenFor[keyUse(device)]),
    form({
      fields: [],
      action: portsTexts.make,
      cancel: close,
      send: async (_, node) => {
        const token = await api.rotateKey(device.deviceId);
        onMade(token);
        node.replaceWith(oneTimeSecret(portsTexts.newToken, token, close));
      },
    }),
  ]);
}

/**
 * Tell who uses the key that the device has.
 * @param {Device} device
 * @returns {"agent" | "used" | "unused"}
 */
const keyUse = ({ agentVersion, lastSeen }) => (agentVersion ? "agent" : lastSeen ? "used" : "unused");
