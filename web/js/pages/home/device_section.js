/** One Pi: how it is, its outlets, its sensors, and what can be done with it. */

import { portsOf, state } from "../../store/home.js";
import { menu } from "../../ui/controls.js";
import { html, icon, reconcileList, setText } from "../../ui/dom.js";
import { addOutletDialog } from "../common/outlet_form.js";
import { releaseDialog, renameDialog, rotateDialog } from "./device_dialogs.js";
import { livenessLine } from "./liveness_line.js";
import { outletCard } from "./outlet_card.js";
import { sensorCards } from "./sensor_cards.js";

/** {node, update(device)}. */
export function deviceSection({ deviceId }) {
  const current = () => state.devices.get(deviceId);
  const id = `device-${deviceId}`;
  const [name, liveness, parts] = [html("h2", { id }), livenessLine(deviceId), new Map()];
  const grid = html("div", { class: "grid" });
  const none = html("p", { class: "empty small" }, "No outlets yet. Add one for each appliance that this Pi measures.");
  const sensors = sensorCards();
  const add = html("button", { type: "button", class: "add", on: { click: () => addOutletDialog(deviceId) } }, icon("plus"), html("span", {}, "Add outlet"));
  const node = html("section", { class: "device", "aria-labelledby": id, data: { deviceId } },
    html("header", {}, html("span", { class: "kind" }, icon("pi")), html("div", {}, name, liveness.node),
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
    reconcileList(grid, parts, ports, (port) => port.portId, outletCard);
    sensors.update(device.latest);
  }

  return { node, update };
}
