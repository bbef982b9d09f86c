/** The free sensors of a device: whatever numbers it sends, with the units that the server says. */

import { h, keepList, setText } from "../dom.js";
import { agoText, sensorNumber, words } from "../format.js";

/** {node, update(latest)}: latest is {sensors, units, timestamp} or null. */
export function sensorCards() {
  const parts = new Map();
  const list = h("dl", { class: "sensors" });
  const when = h("p", { class: "hint" });
  const node = h("section", { "aria-label": "Sensors", hidden: true }, list, when);
  return {
    node,
    update(latest) {
      node.hidden = !latest;
      const sensors = Object.entries(latest?.sensors ?? {})
        .map(([name, value]) => [name, value, latest.units[name] ?? ""])
        .sort(([a], [b]) => a.localeCompare(b));
      keepList(list, parts, sensors, ([name]) => name, sensorCard);
      setText(when, latest ? `measured ${agoText(latest.timestamp)}` : "");
    },
  };
}

function sensorCard([name]) {
  const [figure, unit] = [h("strong"), h("span")];
  const node = h("div", { class: "sensor", data: { sensor: name } },
    h("dt", {}, words(name)), h("dd", {}, figure, unit));
  return {
    node,
    update([, value, symbol]) {
      setText(figure, sensorNumber(value));
      setText(unit, symbol);
    },
  };
}
