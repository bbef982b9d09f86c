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
  const current = () => state.ports.get(portId);
  const id = `port-${portId}`;
  const name = h("h3", { id });
  const place = h("p", { class: "place" });
  const badge = h("span", { class: "badge" });
  const picture = h("span", { class: "kind" });
  const [figure, unit, note] = [h("strong"), h("span"), h("small")];
  const status = h("p", { class: "status" });
  const relay = h("span", { class: "relay", id: `${id}-relay` });
  const toggle = h("button", {
    type: "button", class: "switch", role: "switch", "aria-labelledby": id, "aria-describedby": `${id}-relay`, on: { click: flip },
  }, h("span", { class: "knob" }));
  const curve = sparkline();
  const node = h("article", { class: "card port", "aria-labelledby": id, data: { portId } },
    h("header", {}, picture, h("div", {}, name, place),
      menu("More for this outlet", [["Change…", () => editPortDialog(current())], ["Delete…", () => deletePortDialog(current()), "danger"]])),
    h("p", { class: "watts" }, figure, unit, note), curve.node,
    h("footer", {}, h("div", {}, status, badge), h("div", { class: "control" }, relay, toggle)));

  async function flip() {
    if (toggle.getAttribute("aria-disabled") === "true") return say(toggle.title);
    toggle.disabled = true;
    await attempt(() => switchPort(portId, current().relay.desired === "on" ? "off" : "on"));
    toggle.disabled = false;
    update(current());
  }

  function update(port) {
    const online = state.devices.get(port.deviceId)?.status === "online";
    const stayOn = port.neverCut && port.relay.desired === "on";
    Object.assign(node.dataset, { status: port.status, relay: relayState(port.relay), online });
    setText(name, port.name);
    setText(place, `${port.kind === "unknown" ? "outlet" : port.kind} · channel ${port.channel}`);
    setText(badge, port.neverCut ? "never cut" : POLICY_BADGES[port.policy]);
    badge.dataset.policy = port.neverCut ? "never" : port.policy;
    if (picture.dataset.kind !== port.kind) picture.replaceChildren(icon(kindIcon((picture.dataset.kind = port.kind))));
    showWatts(port, online);
    setText(status, STATUS_WORDS[port.status]);
    setText(relay, relayWords(port, online));
    toggle.setAttribute("aria-checked", port.relay.desired === "on");
    toggle.setAttribute("aria-disabled", stayOn);
    toggle.title = stayOn ? "This outlet is never cut: change that first to switch it off." : "";
    curve.update(state.traces.get(portId) ?? []);
  }

  function showWatts(port, online) {
    const [value, symbol] = port.latest ? wattsParts(port.latest.power) : ["–", "W"];
    setText(figure, value);
    setText(unit, symbol);
    setText(note, port.latest ? (online ? "" : agoText(port.latest.timestamp)) : "no reading yet");
  }

  return { node, update };
}
