/** Pairing a Pi: enter its code, see which device it is, approve or deny, then name its outlets. */

import * as api from "../../api/client.js";
import { load, portsOf } from "../../store/home.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form, textField } from "../../ui/form.js";
import { addOutletForm } from "../common/outlet_form.js";

/** The code as the Pi shows it, however it was typed. */
const tidy = (code) => code.toUpperCase().replace(/[^A-Z0-9]/g, "").replace(/^(.{4})(.+)$/, "$1-$2");

/** {title, node, update()}; begins with the code in the address, if there is one. */
export function pairingPage() {
  const node = html("section", { class: "narrow card pairing" });
  askCode(node, new URLSearchParams(location.search).get("code") ?? "");
  return { title: "Pair a Pi", node, update: () => {} };
}

/** Show one step; its heading gets the focus, so that a screen reader reads on from there. */
function show(node, step, title, ...content) {
  const heading = html("h1", { tabindex: "-1" }, title);
  node.dataset.step = step;
  replaceChildren(node, heading, ...content);
  heading.focus();
}

const backTo = (text = "To my home") => html("a", { class: "button quiet", href: "#/" }, text);

function askCode(node, code) {
  const asked = form({
    fields: [textField({
      name: "userCode", label: "Code", value: code, required: true, placeholder: "ABCD-2345", class: "code", maxlength: 16,
      autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    })],
    action: "Find my Pi",
    send: async ({ userCode }) => askApproval(node, await api.claim(tidy(userCode))),
  });
  const command = html("code", {}, "ghostwatt-pi claim");
  show(node, "code", "Pair a Pi", html("p", {}, "Run ", command, " on the Pi and type the code that it shows."), asked);
  if (code) queueMicrotask(() => asked.requestSubmit()); // once the view is in the page
}

function askApproval(node, { userCode, deviceId, state: claimState }) {
  if (claimState !== "pending") return show(node, "used", "This code was used already", backTo());
  const nameField = textField({
    name: "deviceName", label: "What do you call it?", value: "My Pi", required: true, maxlength: 80, autocomplete: "off",
  });
  const approve = form({
    fields: [nameField],
    action: "Approve",
    send: async ({ deviceName }) => {
      await api.approveClaim(userCode, deviceName);
      forgetCode();
      await load();
      askOutlets(node, { deviceId, deviceName });
    },
  });
  const deny = form({
    fields: [],
    action: "Deny",
    tone: "quiet",
    send: async () => {
      await api.denyClaim(userCode);
      forgetCode();
      show(node, "denied", "Denied", html("p", {}, "The Pi was told no. Nothing was paired."), backTo());
    },
  });
  show(node, "approval", "Is this your Pi?",
    html("p", {}, "Approve only if the Pi in front of you shows this id and this code:"),
    html("dl", { class: "claim" }, html("dt", {}, "Device"), html("dd", {}, deviceId), html("dt", {}, "Code"), html("dd", {}, userCode)),
    approve, deny);
}

const forgetCode = () => history.replaceState(null, "", "/#/pair");

function askOutlets(node, device) {
  const added = portsOf(device.deviceId).map((port) => html("li", {}, `${port.name} on channel ${port.channel}`));
  const again = (port) => {
    showToast(`${port.name} was added.`);
    askOutlets(node, device);
  };
  show(node, "outlets", `${device.deviceName} is paired`,
    html("p", {}, added.length ? "Another one?" : "Which appliance is on its first channel? Add one outlet for each."),
    added.length > 0 && html("ul", { class: "added" }, added),
    addOutletForm(device.deviceId, { done: again }), backTo(added.length ? "Done" : "Later"));
}
