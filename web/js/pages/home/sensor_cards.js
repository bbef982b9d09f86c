/** The custom sensors of a device: whatever numbers it sends, with the units that the server says. */

import { deviceTexts } from "../../texts/home.js";
import { html, reconcileList, setText } from "../../ui/dom.js";
import { agoText, sensorNumber, spacedName } from "../../ui/format.js";

/** @import { Device } from "../../api/types.d.ts" */
/** @import { Part } from "../../ui/types.d.ts" */
/** @typedef {{ name: string, value: number, unit: string }} Sensor */

/**
 * Make the list of sensors.
 * @returns {Part<Device["latest"]>}
 */
export function sensorCards() {
  /** @type {Map<string, Part<Sensor>>} */
  const parts = new Map();
  const list = html("dl", { class: "sensors" });
  const when = html("p", { class: "hint" });
  const node = html("section", { "aria-label": deviceTexts.sensors, hidden: true }, list, when);
  return {
    node,
    update(latest) {
      node.hidden = !latest;
      const sensors = Object.entries(latest?.sensors ?? {})
        .map(([name, value]) => ({ name, value, unit: latest?.units[name] ?? "" }))
        .sort((first, second) => first.name.localeCompare(second.name));
      reconcileList(list, parts, sensors, ({ name }) => name, sensorCard);
      setText(when, latest ? deviceTexts.measured(agoText(latest.timestamp)) : "");
    },
  };
}

/**
 * @param {Sensor} sensor
 * @returns {Part<Sensor>}
 */
function sensorCard({ name }) {
  const [figure, symbol] = [html("strong"), html("span")];
  const node = html("div", { class: "sensor", data: { sensor: name } },
    html("dt", {}, spacedName(name)), html("dd", {}, figure, symbol));
  return {
    node,
    update({ value, unit }) {
      setText(figure, sensorNumber(value));
      setText(symbol, unit);
    },
  };
}
