/** One outlet as a card: watts now, the last minutes, state, switch. */

import { h, icon, setText } from "../dom.js";
import { agoText, wattsParts } from "../format.js";
import { kindIcon, POLICY_BADGES } from "../kinds.js";
import { menu } from "../menu.js";
import { relayState, relayWords } from "../relay.js";
import { sparkline } from "../sparkline.js";
import { state, switchPort } from "../store.js";
import { attempt, say } from "../toast.js";
import { deletePortDialog, editPortDialog } from "./port_form.js";

const STATUS_WORDS = { active: "in use", standby: "standby", off: "off" };

/** {node, update(port)}. */
export function portCard({ portId }) {
  const parts = cardParts(portId);
  const { toggle, curve } = parts;
  const node = cardNode(portId, parts);

  async function flip() {
    if (toggle.getAttribute("aria-disabled") === "true") return say(toggle.title);
    toggle.disabled = true;
    await attempt(() => switchPort(portId, state.ports.get(portId).relay.desired === "on" ? "off" : "on"));
    toggle.disabled = false;
  }

  function update(port) {
    const online = state.devices.get(port.deviceId)?.status === "online";
    Object.assign(node.dataset, { status: port.status, relay: relayState(port.relay), online });
    showSettings(parts, port);
    showWatts(parts, port, online);
    showRelay(parts, port, online);
    curve.update(state.traces.get(portId) ?? []);
  }

  toggle.addEventListener("click", flip);
  return { node, update };
}

function cardParts(portId) {
  const id = `port-${portId}`;
  const title = h("a", { href: `#/port/${portId}` });
  return {
    name: h("h3", { id }, title),
    title,
    place: h("p", { class: "place" }),
    picture: h("span", { class: "kind" }),
    badge: h("span", { class: "badge" }),
    figure: h("strong"),
    unit: h("span"),
    note: h("small"),
    status: h("p", { class: "status" }),
    relay: h("span", { class: "relay", id: `${id}-relay` }),
    toggle: h("button", {
      type: "button", class: "switch", role: "switch", "aria-labelledby": id, "aria-describedby": `${id}-relay`,
    }, h("span", { class: "knob" })),
    curve: sparkline(),
  };
}

function cardNode(portId, { name, place, picture, badge, figure, unit, note, status, relay, toggle, curve }) {
  const actions = [
    ["History and energy", () => (location.hash = `#/port/${portId}`)],
    ["Change…", () => editPortDialog(state.ports.get(portId))],
    ["Delete…", () => deletePortDialog(state.ports.get(portId)), "danger"],
  ];
  return h("article", { class: "card port", "aria-labelledby": name.id, data: { portId } },
    h("header", {}, picture, h("div", {}, name, place), menu("More for this outlet", actions)),
    h("p", { class: "watts" }, figure, unit, note),
    curve.node,
    h("footer", {}, h("div", {}, status, badge), h("div", { class: "control" }, relay, toggle)));
}

function showSettings({ title, place, badge, picture }, port) {
  setText(title, port.name);
  setText(place, `${port.kind === "unknown" ? "outlet" : port.kind} · channel ${port.channel}`);
  setText(badge, port.neverCut ? "never cut" : POLICY_BADGES[port.policy]);
  badge.dataset.policy = port.neverCut ? "never" : port.policy;
  if (picture.dataset.kind === port.kind) return;
  picture.dataset.kind = port.kind;
  picture.replaceChildren(icon(kindIcon(port.kind)));
}

function showWatts({ figure, unit, note, status }, port, online) {
  const [value, symbol] = port.latest ? wattsParts(port.latest.power) : ["–", "W"];
  setText(figure, value);
  setText(unit, symbol);
  setText(note, port.latest ? (online ? "" : agoText(port.latest.timestamp)) : "no reading yet");
  setText(status, STATUS_WORDS[port.status]);
}

function showRelay({ relay, toggle }, port, online) {
  const staysOn = port.neverCut && port.relay.desired === "on";
  setText(relay, relayWords(port, online));
  toggle.setAttribute("aria-checked", port.relay.desired === "on");
  toggle.setAttribute("aria-disabled", staysOn);
  toggle.title = staysOn ? "This outlet is never cut: change that first to switch it off." : "";
}
