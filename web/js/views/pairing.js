/** Pairing a Pi: enter its code, see which device it is, approve or deny, then name its outlets. */

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { form, textField } from "../form.js";
import { load, portsOf, state } from "../store.js";
import { say } from "../toast.js";
import { addPortForm } from "./port_form.js";

const ASK_AGAIN_MS = 5_000;

/** The code as the Pi shows it, however it was typed. */
const tidy = (code) => code.toUpperCase().replace(/[^A-Z0-9]/g, "").replace(/^(.{4})(.+)$/, "$1-$2");

/** {title, node, update()}; arrives at a step by the code in the address, if there is one. */
export function pairingView() {
  const node = h("section", { class: "narrow card pairing" });
  let awaited = null; // the device that was approved and has not come yet
  const show = (step, ...nodes) => {
    node.dataset.step = step;
    fill(node, ...nodes);
    if (step !== "code") node.querySelector("h1").focus();
  };
  const heading = (text) => h("h1", { tabindex: "-1" }, text);

  function askCode(code) {
    const asked = form({
      fields: [textField({
        name: "userCode", label: "Code", value: code, required: true, placeholder: "ABCD-2345", class: "code",
        autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 16,
      })],
      action: "Find my Pi",
      send: async ({ userCode }) => askApproval(await api.claim(tidy(userCode))),
    });
    show("code", heading("Pair a Pi"), h("p", {}, "Run ", h("code", {}, "ghostwatt-pi claim"), " on the Pi and type the code that it shows."), asked);
    if (code) queueMicrotask(() => asked.requestSubmit()); // once the view is in the page
  }

  function askApproval({ userCode, deviceId, state: claimState }) {
    if (claimState !== "pending") return show("used", heading("This code was used already"), backTo());
    const approve = form({
      fields: [textField({ name: "deviceName", label: "What do you call it?", value: "My Pi", required: true, maxlength: 80, autocomplete: "off" })],
      action: "Approve",
      send: async ({ deviceName }) => {
        await api.approveClaim(userCode, deviceName);
        history.replaceState(null, "", "/#/pair");
        awaitDevice(deviceId, deviceName);
      },
    });
    const deny = form({
      fields: [], action: "Deny", tone: "quiet",
      send: async () => {
        await api.denyClaim(userCode);
        show("denied", heading("Denied"), h("p", {}, "The Pi was told no. Nothing was paired."), backTo());
      },
    });
    show("approval", heading("Is this your Pi?"),
      h("p", {}, "Approve only if the Pi in front of you shows this id and this code:"),
      h("dl", { class: "claim" }, h("dt", {}, "Device"), h("dd", {}, deviceId), h("dt", {}, "Code"), h("dd", {}, userCode)),
      approve, deny);
  }

  /** The device is ours once the Pi has fetched its key; a live message tells, asking again covers a missed one. */
  function awaitDevice(deviceId, deviceName) {
    awaited = { deviceId, deviceName };
    show("waiting", heading("Approved"), h("p", { role: "status" }, "Waiting for the Pi to pick up its key…"), backTo());
    askAgain();
  }

  async function askAgain() {
    if (!awaited) return;
    await load();
    if (node.isConnected) setTimeout(askAgain, ASK_AGAIN_MS);
  }

  function update() {
    node.dataset.live = state.live;
    if (!awaited || !state.devices.has(awaited.deviceId)) return;
    const { deviceId, deviceName } = awaited;
    awaited = null;
    askOutlets(deviceId, deviceName);
  }

  function askOutlets(deviceId, deviceName) {
    const added = portsOf(deviceId).map((port) => h("li", {}, `${port.name} on channel ${port.channel}`));
    const again = (port) => (say(`${port.name} was added.`), askOutlets(deviceId, deviceName));
    show("outlets", heading(`${deviceName} is paired`),
      h("p", {}, added.length ? "Another one?" : "Which appliance is on its first channel? Add one outlet for each."),
      added.length > 0 && h("ul", { class: "added" }, added),
      addPortForm(deviceId, { done: again }), backTo(added.length ? "Done" : "Later"));
  }

  const backTo = (text = "To my home") => h("a", { class: "button quiet", href: "#/" }, text);

  askCode(new URLSearchParams(location.search).get("code") ?? "");
  return { title: "Pair a Pi", node, update };
}
