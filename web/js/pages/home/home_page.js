/** The home: watts now, the devices with their outlets, and the phantoms found. */

import { currentAccount, load, state } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { homeTexts } from "../../texts/home.js";
import { actionButton } from "../../ui/controls.js";
import { html, icon, reconcileList, setText } from "../../ui/dom.js";
import { roughMoneyText, wattsParts, wattsText } from "../../ui/format.js";
import { deviceSection } from "./device_section.js";
import { energySummary } from "./energy_summary.js";
import { eventList } from "./event_list.js";

/** @import { Device, Port } from "../../api/types.d.ts" */
/** @import { Page, Part } from "../../ui/types.d.ts" */

const HOURS_A_YEAR = 8760;

/**
 * Make the page.
 * @returns {Page}
 */
export function homePage() {
  const [totals, energy, events] = [homeTotals(), energySummary(), eventList()];
  /** @type {Map<string, Part<Device>>} */
  const parts = new Map();
  const devices = html("div", { class: "devices" });
  const none = noDevices();
  const loading = html("p", { class: "empty", role: "status" }, commonTexts.loadingOutlets);
  const problem = html("p", { role: "alert" });
  const error = html("div", { class: "strip" }, problem, actionButton(commonTexts.tryAgain, "soft", load));
  const columns = html("div", { class: "columns" }, devices, events.node);
  const node = html("div", { class: "home" }, loading, error, none, totals.node, energy.node, columns);

  function update() {
    const phase = state.phase === "ready" && state.devices.size === 0 ? "empty" : state.phase;
    node.dataset.state = phase;
    loading.hidden = phase !== "loading";
    error.hidden = state.problem === "";
    none.hidden = phase !== "empty";
    totals.node.hidden = energy.node.hidden = columns.hidden = phase !== "ready";
    setText(problem, state.problem);
    if (phase !== "ready") return;
    totals.update();
    energy.update();
    reconcileList(devices, parts, [...state.devices.values()].sort(byName), (device) => device.deviceId, deviceSection);
    events.update();
  }

  return { title: homeTexts.title, node, update };
}

/** @type {(first: Device, second: Device) => number} */
const byName = (first, second) => first.name.localeCompare(second.name) || first.deviceId.localeCompare(second.deviceId);

function noDevices() {
  return html("section", { class: "card first" },
    html("h1", {}, homeTexts.firstTitle),
    html("p", {}, homeTexts.firstText),
    html("p", {}, html("code", {}, "ghostwatt-pi claim")),
    html("a", { class: "button primary", href: "#/pair" }, homeTexts.enterCode));
}

/** Make the watts of the whole home. Silent outlets and those of an offline device are left out: their draw is unknown. */
function homeTotals() {
  const [figure, unit, standby, cut] = [html("strong"), html("span"), html("p"), html("p")];
  const now = html("p", { class: "watts" }, figure, unit);
  const node = html("section", { class: "total", "aria-label": homeTexts.nowLabel },
    html("div", {}, html("h1", {}, homeTexts.now), now),
    html("div", { class: "facts" }, standby, cut),
    html("a", { class: "button soft", href: "#/pair" }, icon("plus"), homeTexts.pair));

  function update() {
    const ports = [...state.ports.values()];
    const measured = ports.filter(isMeasured);
    const [value, symbol] = wattsParts(sumOfWatts(measured));
    now.hidden = measured.length === 0;
    setText(figure, value);
    setText(unit, symbol);
    setText(standby, standbyText(measured));
    setText(cut, homeTexts.cut(ports.filter(({ relay }) => relay.desired === "off" && relay.switchedBy === "detector").length));
  }

  return { node, update };
}

/** @param {Port} port */
const isMeasured = ({ latest, status, deviceId }) =>
  latest !== null && status !== "silent" && state.devices.get(deviceId)?.status === "online";

/** @param {Port[]} ports */
const sumOfWatts = (ports) => ports.reduce((total, { latest }) => total + (latest?.power ?? 0), 0);

/** @param {Port[]} measured */
function standbyText(measured) {
  if (measured.length === 0) return homeTexts.nothingMeasured;
  const watts = sumOfWatts(measured.filter(({ status }) => status === "standby"));
  if (watts === 0) return homeTexts.noStandby;
  const { tariffPerKwh, currency } = currentAccount();
  return homeTexts.standby(wattsText(watts), roughMoneyText((watts / 1000) * HOURS_A_YEAR * tariffPerKwh, currency));
}
