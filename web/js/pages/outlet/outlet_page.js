/** One outlet: its power over time, its energy, its phantoms, the reasons of the detector, and what cuts would save. */

import { state } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { outletTexts } from "../../texts/outlet.js";
import { html, setText } from "../../ui/dom.js";
import { kindText, showKindIcon } from "../common/appliance_kinds.js";
import { outletNow } from "../common/outlet_now.js";
import { backtestCard } from "./backtest_card.js";
import { dailyEnergy } from "./daily_energy.js";
import { detectorCard } from "./detector_card.js";
import { outletPhantoms } from "./outlet_phantoms.js";
import { powerHistory } from "./power_history.js";

/** @import { Port } from "../../api/types.d.ts" */
/** @import { Page } from "../../ui/types.d.ts" */
/** @typedef {{ node: HTMLElement, update: (port: Port, freshMs: number) => void }} OutletPart freshMs: how old it may be */

const FRESH_MS = 60_000;

/**
 * Make the page.
 * @param {string} portId
 * @param {string} [range] of the power chart
 * @returns {Page}
 */
export function outletPage(portId, range) {
  const name = html("h1", { id: "outlet" }, outletTexts.title);
  const place = html("p", { class: "place" });
  const picture = html("span", { class: "kind" });
  const now = outletNow(portId, name.id);
  const present = html("div", { class: "present" }, now.status, now.watts, now.control);
  const heading = html("header", { class: "heading" }, picture, html("div", {}, name, place), present);
  const missing = html("p", { class: "empty", role: "status" });
  const keepRange = (/** @type {string} */ chosen) => history.replaceState(null, "", `#/port/${portId}/${chosen}`);
  const [power, energy, phantoms] = [powerHistory(portId, range, keepRange), dailyEnergy(portId), outletPhantoms(portId)];
  const [detector, backtest] = [detectorCard(portId), backtestCard(portId)];
  const content = html("div", { class: "stack" }, power.node, html("div", { class: "halves" },
    html("div", { class: "stack" }, energy.node, phantoms.node), html("div", { class: "stack" }, detector.node, backtest.node)));
  const node = html("div", { class: "outlet stack" },
    html("a", { class: "back", href: "#/" }, outletTexts.allOutlets),
    heading, missing, content);
  const page = { title: outletTexts.title, node, update };

  function update() {
    const port = state.ports.get(portId);
    missing.hidden = Boolean(port);
    content.hidden = present.hidden = !port;
    setText(missing, missingText());
    if (!port) return;
    page.title = port.name;
    setText(name, port.name);
    setText(place, placeText(port));
    showKindIcon(picture, port.kind);
    now.update(port, heading);
    for (const part of [power, energy, phantoms, detector, backtest]) part.update(port, FRESH_MS);
  }

  return page;
}

function missingText() {
  if (state.phase === "loading") return commonTexts.loadingOutlets;
  return state.phase === "error" ? state.problem : outletTexts.gone;
}

/** @param {Port} port */
function placeText(port) {
  const device = state.devices.get(port.deviceId);
  return [kindText(port), device?.name, outletTexts.channel(port.channel)].filter(Boolean).join(" · ");
}
