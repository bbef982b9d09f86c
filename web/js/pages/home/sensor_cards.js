/** The free sensors of a device: whatever numbers it sends, with the units that the server says. */

import { html, reconcileList, setText } from "../../ui/dom.js";
import { agoText, sensorNumber, words } from "../../ui/format.js";

/** {node, update(latest)}: latest is {sensors, units, timestamp} or null. */
export function sensorCards() {
  const parts = new Map();
  const list = html("dl", { class: "sensors" });
  const when = html("p", { class: "hint" });
  const node = html("section", { "aria-label": "Sensors", hidden: true }, list, when);
  return {
    node,
    update(latest) {
      node.hidden = !latest;
      const sensors = Object.entries(latest?.sensors ?? {})
        .map(([name, value]) => [name, value, latest.units[name] ?? ""])
        .sort(([a], [b]) => a.localeCompare(b));
      reconcileList(list, parts, sensors, ([name]) => name, sensorCard);
      setText(when, latest ? `measured ${agoText(latest.timestamp)}` : "");
    },
  };
}

function sensorCard([name]) {
  const [figure, unit] = [html("strong"), html("span")];
  const node = html("div", { class: "sensor", data: { sensor: name } },
    html("dt", {}, words(name)), html("dd", {}, figure, unit));
  return {
    node,
    update([, value, symbol]) {
      setText(figure, sensorNumber(value));
      setText(unit, symbol);
    },
  };
}
