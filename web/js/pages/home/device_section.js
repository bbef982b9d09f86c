/** One Pi: its liveness, its outlets, its sensors, and its menu. */

import { portsOf, state } from "../../store/home.js";
import { deviceTexts } from "../../texts/home.js";
import { outletFormTexts } from "../../texts/outlet.js";
import { portsTexts } from "../../texts/ports.js";
import { menu } from "../../ui/controls.js";
import { html, icon, reconcileList, setText } from "../../ui/dom.js";
import { addOutletDialog } from "../common/outlet_form.js";
import { releaseDialog, renameDialog, rotateKeyDialog } from "./device_dialogs.js";
import { livenessLine } from "./liveness_line.js";
import { outletCard } from "./outlet_card.js";
import { sensorCards } from "./sensor_cards.js";

/** @import { Device, Port } from "../../api/types.d.ts" */
/** @import { Part } from "../../ui/types.d.ts" */

/**
 * Make the section of a device.
 * @param {Device} device
 * @returns {Part<Device>}
 */
export function deviceSection({ deviceId }) {
  const id = `device-${deviceId}`;
  const [name, liveness, sensors] = [html("h2", { id }), livenessLine(deviceId), sensorCards()];
  /** @type {Map<string, Part<Port>>} */
  const parts = new Map();
  const grid = html("div", { class: "grid" });
  const none = html("p", { class: "empty small" }, deviceTexts.noOutlets);
  const add = html("button", { type: "button", class: "add", on: { click: () => addOutletDialog(deviceId) } },
    icon("plus"), html("span", {}, outletFormTexts.add));
  const node = html("section", { class: "device", "aria-labelledby": id, data: { deviceId } },
    html("header", {}, html("span", { class: "kind" }, icon("pi")), html("div", {}, name, liveness.node),
      add,
      menu(deviceTexts.more, [
        [deviceTexts.actions.rename, () => withDevice(renameDialog)],
        [portsTexts.link, () => location.assign("#/ports")],
        [deviceTexts.actions.newKey, () => withDevice(rotateKeyDialog)],
        [deviceTexts.actions.release, () => withDevice(releaseDialog), "danger"],
      ])),
    none, grid, sensors.node);

  /** @param {(device: Device) => void} open a dialog, with the device as it is now */
  function withDevice(open) {
    const device = state.devices.get(deviceId);
    if (device) open(device);
  }

  /** @param {Device} device */
  function update(device) {
    const ports = portsOf(deviceId);
    setText(name, device.name);
    liveness.update(device);
    none.hidden = ports.length > 0;
    add.className = `add ${ports.length > 0 ? "quiet" : "primary"}`; // the next step of a Pi without outlets
    reconcileList(grid, parts, ports, (port) => port.portId, outletCard);
    sensors.update(device.latest);
  }

  return { node, update };
}
