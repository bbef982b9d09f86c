/** One outlet: its power over time, its energy, its phantoms, why the detector decides so, and what cuts would save. */

import { h, setText } from "../dom.js";
import { kindWords } from "../kinds.js";
import { state } from "../store.js";
import { energyOfOutlet } from "./history_energy.js";
import { eventsOfOutlet } from "./history_events.js";
import { detectorCard } from "./history_detector.js";
import { backtestCard } from "./history_backtest.js";
import { powerHistory } from "./history_power.js";
import { outletNow } from "./outlet_now.js";
import { showPicture } from "./port_card.js";

const FRESH_MS = 60_000;

/** {title, node, update()}; the address names the outlet, and may name the range of its chart. */
export function historyView(portId, range) {
  const name = h("h1", { id: "outlet" }, "Outlet");
  const place = h("p", { class: "place" });
  const picture = h("span", { class: "kind" });
  const now = outletNow(portId, name.id);
  const heading = h("header", { class: "heading" }, picture, h("div", {}, name, place),
    h("div", { class: "present" }, now.status, now.watts, now.control));
  const missing = h("p", { class: "empty", role: "status" });
  const keep = (chosen) => history.replaceState(null, "", `#/port/${portId}/${chosen}`);
  const parts = [powerHistory(portId, range, keep), energyOfOutlet(portId), eventsOfOutlet(portId), detectorCard(portId), backtestCard(portId)];
  const content = h("div", { class: "stack" }, parts[0].node, h("div", { class: "halves" },
    h("div", { class: "stack" }, parts[1].node, parts[2].node), h("div", { class: "stack" }, parts[3].node, parts[4].node)));
  const view = { title: "Outlet", node: null, update };
  view.node = h("div", { class: "outlet stack" },
    h("a", { class: "back", href: "#/" }, "‹ All outlets"),
    heading, missing, content);

  function update() {
    const port = state.ports.get(portId);
    missing.hidden = Boolean(port);
    content.hidden = heading.lastChild.hidden = !port;
    setText(missing, state.phase === "loading" ? "Looking at your outlets…" : state.phase === "error" ? state.problem : "There is no such outlet any more.");
    if (!port) return;
    view.title = port.name;
    setText(name, port.name);
    setText(place, placeWords(port));
    showPicture(picture, port.kind);
    now.update(port, heading);
    parts.forEach((part) => part.update(port, FRESH_MS));
  }

  return view;
}

function placeWords(port) {
  const device = state.devices.get(port.deviceId);
  return [kindWords(port), device?.name, `channel ${port.channel}`].filter(Boolean).join(" · ");
}
