/** The home: watts now, the devices with their outlets, and the phantoms found. */

import { whileBusy } from "../busy.js";
import { h, icon, keepList, setText } from "../dom.js";
import { money, wattsParts, wattsText } from "../format.js";
import { load, state } from "../store.js";
import { deviceSection } from "./device.js";
import { energySummary } from "./energy_summary.js";
import { eventList } from "./events.js";

const HOURS_A_YEAR = 8760;

/** {title, node, update()}. */
export function homeView() {
  const [sum, energy, parts, events] = [totals(), energySummary(), new Map(), eventList()];
  const devices = h("div", { class: "devices" });
  const none = noDevices();
  const loading = h("p", { class: "empty", role: "status" }, "Looking at your outlets…");
  const problem = h("p", { role: "alert" });
  const again = h("button", { type: "button", class: "soft", on: { click: () => whileBusy(again, load) } }, "Try again");
  const error = h("div", { class: "strip" }, problem, again);
  const columns = h("div", { class: "columns" }, devices, events.node);
  const node = h("div", { class: "home" }, loading, error, none, sum.node, energy.node, columns);

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
    keepList(devices, parts, sorted, (device) => device.deviceId, deviceSection);
    events.update();
  }

  return { title: "Home", node, update };
}

function noDevices() {
  return h("section", { class: "card first" },
    h("h1", {}, "Let us find your phantoms"),
    h("p", {}, "Start the agent on your Raspberry Pi. It shows a short code that pairs it with this account."),
    h("p", {}, h("code", {}, "ghostwatt-pi claim")),
    h("a", { class: "button primary", href: "#/pair" }, "Enter the code"));
}

/** Watts of the whole home. Nobody knows what silent outlets draw, or those of a device that is offline: they are left out. */
function totals() {
  const [figure, unit, standby, cut] = [h("strong"), h("span"), h("p"), h("p")];
  const now = h("p", { class: "watts" }, figure, unit);
  const node = h("section", { class: "total", "aria-label": "Home now" },
    h("div", {}, h("h1", {}, "Your home now"), now),
    h("div", { class: "facts" }, standby, cut),
    h("a", { class: "button soft", href: "#/pair" }, icon("plus"), "Pair a device"));
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
