/** The home: watts now, the devices with their outlets, and the phantoms found. */

import { load, state } from "../../store/home.js";
import { html, icon, reconcileList, setText } from "../../ui/dom.js";
import { withBusyState } from "../../ui/feedback.js";
import { money, wattsParts, wattsText } from "../../ui/format.js";
import { deviceSection } from "./device_section.js";
import { energySummary } from "./energy_summary.js";
import { eventList } from "./event_list.js";

const HOURS_A_YEAR = 8760;

/** {title, node, update()}. */
export function homePage() {
  const [sum, energy, parts, events] = [totals(), energySummary(), new Map(), eventList()];
  const devices = html("div", { class: "devices" });
  const none = noDevices();
  const loading = html("p", { class: "empty", role: "status" }, "Looking at your outlets…");
  const problem = html("p", { role: "alert" });
  const again = html("button", { type: "button", class: "soft", on: { click: () => withBusyState(again, load) } }, "Try again");
  const error = html("div", { class: "strip" }, problem, again);
  const columns = html("div", { class: "columns" }, devices, events.node);
  const node = html("div", { class: "home" }, loading, error, none, sum.node, energy.node, columns);

  function update() {
    const shown = state.phase === "ready" && state.devices.size === 0 ? "empty" : state.phase;
    node.dataset.state = shown;
    loading.hidden = shown !== "loading";
    error.hidden = state.problem === "";
    none.hidden = shown !== "empty";
    sum.node.hidden = energy.node.hidden = columns.hidden = shown !== "ready";
    setText(problem, state.problem);
    if (shown !== "ready") return;
    sum.update();
    energy.update();
    const sorted = [...state.devices.values()].sort((a, b) => a.name.localeCompare(b.name) || a.deviceId.localeCompare(b.deviceId));
    reconcileList(devices, parts, sorted, (device) => device.deviceId, deviceSection);
    events.update();
  }

  return { title: "Home", node, update };
}

function noDevices() {
  return html("section", { class: "card first" },
    html("h1", {}, "Let us find your phantoms"),
    html("p", {}, "Start the agent on your Raspberry Pi. It shows a short code that pairs it with this account."),
    html("p", {}, html("code", {}, "ghostwatt-pi claim")),
    html("a", { class: "button primary", href: "#/pair" }, "Enter the code"));
}

/** Watts of the whole home. Nobody knows what silent outlets draw, or those of a device that is offline: they are left out. */
function totals() {
  const [figure, unit, standby, cut] = [html("strong"), html("span"), html("p"), html("p")];
  const now = html("p", { class: "watts" }, figure, unit);
  const node = html("section", { class: "total", "aria-label": "Home now" },
    html("div", {}, html("h1", {}, "Your home now"), now),
    html("div", { class: "facts" }, standby, cut),
    html("a", { class: "button soft", href: "#/pair" }, icon("plus"), "Pair a device"));
  return {
    node,
    update() {
      const ports = [...state.ports.values()];
      const isKnown = ({ latest, status, deviceId }) =>
        latest && status !== "silent" && state.devices.get(deviceId)?.status === "online";
      const known = ports.filter(isKnown);
      const watts = (some) => some.reduce((total, port) => total + port.latest.power, 0);
      const [value, symbol] = wattsParts(watts(known));
      now.hidden = known.length === 0;
      setText(figure, value);
      setText(unit, symbol);
      setText(standby, standbyWords(known, watts(known.filter((port) => port.status === "standby"))));
      setText(cut, cutWords(ports.filter(({ relay }) => relay.desired === "off" && relay.switchedBy === "detector").length));
    },
  };
}

function standbyWords(known, watts) {
  if (known.length === 0) return "Nothing is measured just now";
  if (watts === 0) return "No standby just now";
  const cost = (watts / 1000) * HOURS_A_YEAR * state.account.tariffPerKwh;
  return `${wattsText(watts)} of it standby: ${money(cost, state.account.currency)} a year if it stayed`;
}

const cutWords = (count) => (count === 0 ? "" : count === 1 ? "1 outlet is cut" : `${count} outlets are cut`);
