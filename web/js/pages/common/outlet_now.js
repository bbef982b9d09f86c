/** An outlet at this moment: its watts, its state, its switch. The same on its card and on its own page. */

import { state, switchPort } from "../../store/home.js";
import { relayState, relayWords } from "../../store/relay.js";
import { html, setText } from "../../ui/dom.js";
import { attempt, showToast } from "../../ui/feedback.js";
import { agoText, wattsParts } from "../../ui/format.js";

const STATUS_WORDS = { active: "in use", standby: "standby", off: "off" };

/** {watts, status, control, update(port, holder)}; `holder`, the node around them, is told the state that colours them. */
export function outletNow(portId, labelId) {
  const [figure, unit] = [html("strong"), html("span")];
  const watts = html("p", { class: "watts" }, figure, unit);
  const status = html("p", { class: "status" });
  const relay = relaySwitch(portId, labelId);

  function update(port, holder) {
    const online = state.devices.get(port.deviceId)?.status === "online";
    const isKnown = port.latest && port.status !== "silent"; // what a silent meter said last is not responsiveChart now
    const [value, symbol] = isKnown ? wattsParts(port.latest.power) : ["–", "W"];
    Object.assign(holder.dataset, { status: port.status, relay: relayState(port.relay), online });
    setText(figure, value);
    setText(unit, symbol);
    setText(status, statusWords(port, online));
    relay.update(port, online);
  }

  return { watts, status, control: relay.node, update };
}

function statusWords({ latest, status }, online) {
  if (!latest) return "no reading yet";
  if (status === "silent") return `silent: last reading ${agoText(latest.timestamp)}`;
  return online ? STATUS_WORDS[status] : `${STATUS_WORDS[status]} ${agoText(latest.timestamp)}`;
}

function relaySwitch(portId, labelId) {
  const words = html("span", { class: "relay", id: `relay-${portId}` });
  const toggle = html("button", {
    type: "button", class: "switch", role: "switch", "aria-labelledby": labelId, "aria-describedby": words.id, on: { click: flip },
  }, html("span", { class: "knob" }));

  async function flip() {
    if (toggle.getAttribute("aria-disabled") === "true") return showToast(toggle.title);
    toggle.disabled = true;
    await attempt(() => switchPort(portId, state.ports.get(portId).relay.desired === "on" ? "off" : "on"));
    toggle.disabled = false;
  }

  function update(port, online) {
    const staysOn = port.neverCut && port.relay.desired === "on";
    setText(words, relayWords(port, online));
    toggle.setAttribute("aria-checked", port.relay.desired === "on");
    toggle.setAttribute("aria-disabled", staysOn);
    toggle.title = staysOn ? "This outlet is never cut: change that first to switch it off." : "";
  }

  return { node: html("div", { class: "control" }, words, toggle), update };
}
