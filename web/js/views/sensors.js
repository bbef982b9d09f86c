/** The free sensors of a device: whatever numbers it sends, with the unit that the name suggests. */

import { h, keepList, setText } from "../dom.js";
import { agoText, sensorNumber, unitOf, words } from "../format.js";

/** {node, update(latest)}: latest is {sensors, timestamp} or null. */
export function sensorCards() {
  const parts = new Map();
  const list = h("dl", { class: "sensors" });
  const when = h("p", { class: "hint" });
  const node = h("section", { "aria-label": "Sensors", hidden: true }, list, when);
  return {
    node,
    update(latest) {
      node.hidden = !latest;
      const sensors = Object.entries(latest?.sensors ?? {}).sort(([a], [b]) => a.localeCompare(b));
      keepList(list, parts, sensors, ([name]) => name, sensorCard);
      setText(when, latest ? `measured ${agoText(latest.timestamp)}` : "");
    },
  };
}

function sensorCard([name]) {
  const figure = h("strong");
  const node = h("div", { class: "sensor", data: { sensor: name } },
    h("dt", {}, words(name)), h("dd", {}, figure, h("span", {}, unitOf(name))));
  return { node, update: ([, value]) => setText(figure, sensorNumber(value)) };
}
