/** One outlet: its power over time, its energy, its phantoms, why the detector decides so, and what cuts would save. */

import { state } from "../../store/home.js";
import { html, setText } from "../../ui/dom.js";
import { kindWords, showPicture } from "../common/appliance_kinds.js";
import { outletNow } from "../common/outlet_now.js";
import { backtestCard } from "./backtest_card.js";
import { energyOfOutlet } from "./daily_energy.js";
import { detectorCard } from "./detector_card.js";
import { eventsOfOutlet } from "./outlet_events.js";
import { powerHistory } from "./power_history.js";

const FRESH_MS = 60_000;

/** {title, node, update()}; the address names the outlet, and may name the range of its chart. */
export function outletPage(portId, range) {
  const name = html("h1", { id: "outlet" }, "Outlet");
  const place = html("p", { class: "place" });
  const picture = html("span", { class: "kind" });
  const now = outletNow(portId, name.id);
  const heading = html("header", { class: "heading" }, picture, html("div", {}, name, place),
    html("div", { class: "present" }, now.status, now.watts, now.control));
  const missing = html("p", { class: "empty", role: "status" });
  const keep = (chosen) => history.replaceState(null, "", `#/port/${portId}/${chosen}`);
  const parts = [powerHistory(portId, range, keep), energyOfOutlet(portId), eventsOfOutlet(portId), detectorCard(portId), backtestCard(portId)];
  const content = html("div", { class: "stack" }, parts[0].node, html("div", { class: "halves" },
    html("div", { class: "stack" }, parts[1].node, parts[2].node), html("div", { class: "stack" }, parts[3].node, parts[4].node)));
  const view = { title: "Outlet", node: null, update };
  view.node = html("div", { class: "outlet stack" },
    html("a", { class: "back", href: "#/" }, "‹ All outlets"),
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
