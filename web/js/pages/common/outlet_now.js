/** An outlet at this moment: its watts, its state, its switch. The same on its card and on its own page. */

import { relayStatus } from "../../store/relay.js";
import { state, switchPort } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { outletNowTexts } from "../../texts/outlet.js";
import { html, setText } from "../../ui/dom.js";
import { attempt, showToast } from "../../ui/feedback.js";
import { agoText, wattsParts } from "../../ui/format.js";

/** @import { Port } from "../../api/types.d.ts" */

/**
 * Make the three parts.
 * @param {string} portId
 * @param {string} labelId of the node that names the outlet
 * @returns {{ watts: HTMLElement, status: HTMLElement, control: HTMLElement, update: (port: Port, holder: HTMLElement) => void }}
 *   holder is the node around them; its data attributes colour them
 */
export function outletNow(portId, labelId) {
  const [figure, unit] = [html("strong"), html("span")];
  const watts = html("p", { class: "watts" }, figure, unit);
  const status = html("p", { class: "status" });
  const relay = relaySwitch(portId, labelId);

  /**
   * @param {Port} port
   * @param {HTMLElement} holder
   */
  function update(port, holder) {
    const isOnline = state.devices.get(port.deviceId)?.status === "online";
    const isCurrent = port.latest && port.status !== "silent"; // what a silent meter said last is not drawn now
    const [value, symbol] = isCurrent && port.latest ? wattsParts(port.latest.power) : [commonTexts.noFigure, "W"];
    Object.assign(holder.dataset, { status: port.status, relay: relayStatus(port.relay), online: isOnline });
    setText(figure, value);
    setText(unit, symbol);
    setText(status, statusText(port, isOnline));
    relay.update(port, isOnline);
  }

  return { watts, status, control: relay.node, update };
}

/**
 * @param {Port} port
 * @param {boolean} isOnline
 */
function statusText({ latest, status }, isOnline) {
  if (!latest) return outletNowTexts.noReading;
  if (status === "silent") return outletNowTexts.silent(agoText(latest.timestamp));
  const text = outletNowTexts.status[status];
  return isOnline ? text : `${text} ${agoText(latest.timestamp)}`;
}

/**
 * @param {string} portId
 * @param {string} labelId
 */
function relaySwitch(portId, labelId) {
  const text = html("span", { class: "relay", id: `relay-${portId}` });
  const toggle = html("button", {
    type: "button", class: "switch", role: "switch", "aria-labelledby": labelId, "aria-describedby": text.id, on: { click: flip },
  }, html("span", { class: "knob" }));

  async function flip() {
    const port = state.ports.get(portId);
    if (!port) return;
    if (toggle.getAttribute("aria-disabled") === "true") {
      showToast(toggle.title);
      return;
    }
    toggle.disabled = true;
    await attempt(() => switchPort(portId, port.relay.desired === "on" ? "off" : "on"));
    toggle.disabled = false;
  }

  /**
   * @param {Port} port
   * @param {boolean} isOnline
   */
  function update(port, isOnline) {
    const staysOn = port.neverCut && port.relay.desired === "on";
    setText(text, relayText(port, isOnline));
    toggle.setAttribute("aria-checked", String(port.relay.desired === "on"));
    toggle.setAttribute("aria-disabled", String(staysOn));
    toggle.title = staysOn ? outletNowTexts.staysOn : "";
  }

  return { node: html("div", { class: "control" }, text, toggle), update };
}

/**
 * Write the text beside the switch.
 * @param {Port} port
 * @param {boolean} isOnline
 */
function relayText({ relay, status }, isOnline) {
  const texts = outletNowTexts;
  const relayState = relayStatus(relay);
  const local = texts.switchedLocally[relay.reason ?? ""];
  if (relayState === "refused" && local) return `${relay.reported}: ${local}`;
  if (relayState === "refused") return texts.stayed(relay.reported ?? "", texts.refusals[relay.reason ?? ""] ?? texts.refusedUnknown);
  if (relayState.startsWith("switching")) return isOnline ? texts.switching(relay.desired) : texts.waiting;
  if (relayState === "off" && relay.reported === "off" && ["active", "standby"].includes(status)) return texts.drawsPower;
  if (relayState === "off" && local) return `off: ${local}`;
  if (relayState === "off" && relay.switchedBy === "detector") return texts.cut;
  return relayState;
}
