/** One Pi: how it is, its outlets, its sensors, and what can be done with it. */

import { h, icon, keepList, setText } from "../dom.js";
import { menu } from "../menu.js";
import { portsOf, state } from "../store.js";
import { renameDialog, releaseDialog, rotateDialog } from "./device_dialogs.js";
import { livenessLine } from "./liveness.js";
import { portCard } from "./port_card.js";
import { addPortDialog } from "./port_form.js";
import { sensorCards } from "./sensors.js";

/** {node, update(device)}. */
export function deviceSection({ deviceId }) {
  const current = () => state.devices.get(deviceId);
  const id = `device-${deviceId}`;
  const [name, liveness, parts] = [h("h2", { id }), livenessLine(deviceId), new Map()];
  const grid = h("div", { class: "grid" });
  const none = h("p", { class: "empty small" }, "No outlets yet. Add one for each appliance that this Pi measures.");
  const sensors = sensorCards();
  const add = h("button", { type: "button", class: "add", on: { click: () => addPortDialog(deviceId) } }, icon("plus"), h("span", {}, "Add outlet"));
  const node = h("section", { class: "device", "aria-labelledby": id, data: { deviceId } },
    h("header", {}, h("span", { class: "kind" }, icon("pi")), h("div", {}, name, liveness.node),
      add,
      menu("More for this device", [
        ["Rename…", () => renameDialog(current())],
        ["New key…", () => rotateDialog(current())],
        ["Release…", () => releaseDialog(current()), "danger"],
      ])),
    none, grid, sensors.node);

  function update(device) {
    const ports = portsOf(deviceId);
    setText(name, device.name);
    liveness.update(device);
    none.hidden = ports.length > 0;
    add.className = `add ${ports.length > 0 ? "quiet" : "primary"}`; // the next step of a Pi without outlets
    keepList(grid, parts, ports, (port) => port.portId, portCard);
    sensors.update(device.latest);
  }

  return { node, update };
}
