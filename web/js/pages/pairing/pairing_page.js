/** Pairing a Pi: enter its code, see which device it is, approve or decline, then name its outlets. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { NAME_LENGTH } from "../../generated/facts.js";
import { load, portsOf } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { outletFormTexts } from "../../texts/outlet.js";
import { pairingTexts } from "../../texts/welcome.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form, inputOf, textField } from "../../ui/form.js";
import { addOutletForm } from "../common/outlet_form.js";
import { PI_HOST, piAddress } from "./pi_address.js";

/** @import { Claim } from "../../api/types.d.ts" */
/** @import { Children, Page } from "../../ui/types.d.ts" */

/**
 * Make the page. It begins with the code in the address, if there is one.
 * @returns {Page}
 */
export function pairingPage() {
  const node = html("section", { class: "narrow card pairing" });
  showCodeStep(node, new URLSearchParams(location.search).get("code") ?? "");
  return { title: pairingTexts.title, node, update: () => {} };
}

/**
 * Write a code as the Pi shows it, however it was typed.
 * @param {string} code
 */
const normalizedCode = (code) => code.toUpperCase().replace(/[^A-Z0-9]/g, "").replace(/^(.{4})(.+)$/, "$1-$2");

/**
 * Show one step. Its heading gets the focus, so that a screen reader reads on from there.
 * @param {HTMLElement} node
 * @param {string} step
 * @param {string} title
 * @param {Children} content
 */
function showStep(node, step, title, ...content) {
  const heading = html("h1", { tabindex: "-1" }, title);
  node.dataset.step = step;
  replaceChildren(node, heading, ...content);
  heading.focus();
}

const homeLink = (text = pairingTexts.toHome) => html("a", { class: "button quiet", href: "#/" }, text);

/**
 * @param {HTMLElement} node
 * @param {string} code
 */
function showCodeStep(node, code) {
  const codeForm = form({
    fields: [textField({
      name: "userCode", label: pairingTexts.code, value: code, required: true, placeholder: pairingTexts.codePlaceholder, class: "code", maxlength: 16,
      autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    })],
    action: pairingTexts.find,
    send: async ({ userCode }) => showClaim(node, await findClaim(normalizedCode(userCode))),
  });
  const [before, after] = pairingTexts.run;
  const command = html("p", {}, before, html("code", {}, "ghostwatt-pi claim"), after);
  showStep(node, "code", pairingTexts.title, command, codeForm, localWay());
  if (code) queueMicrotask(() => codeForm.requestSubmit()); // once the page is shown
}

/**
 * Make the way for somebody who does not see the Pi's terminal: the Pi's own page shows the code, with a link back.
 *
 * It is opened as a page, not asked for its code by script: browsers do not let an https page call http://PI:5000.
 */
function localWay() {
  const link = html("a", { class: "button soft", target: "_blank", rel: "noopener noreferrer" }, pairingTexts.openPi);
  const field = textField({
    name: "piHost", label: pairingTexts.piHost, value: PI_HOST, autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 253,
  });
  const input = inputOf(field);
  const follow = () => {
    const address = piAddress(input.value);
    if (address) link.href = address;
    else link.removeAttribute("href");
  };
  input.addEventListener("input", follow);
  follow();
  const [before, after] = pairingTexts.localWay;
  return html("details", { class: "local-way" },
    html("summary", {}, pairingTexts.noCode), html("p", {}, before, html("code", {}, "ghostwatt-pi run --lan"), after), field, link);
}

/**
 * @param {string} userCode
 * @returns {Promise<Claim>}
 * @throws {ApiError} at the field of the code when no Pi waits with it
 */
async function findClaim(userCode) {
  try {
    return await api.claim(userCode);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    throw new ApiError(pairingTexts.notFound, { status: 404, code: error.code, field: "userCode" });
  }
}

/**
 * @param {HTMLElement} node
 * @param {Claim} claim
 */
function showClaim(node, claim) {
  if (claim.state === "pending") showApprovalStep(node, claim);
  else if (claim.state === "denied") showEndStep(node, "denied", pairingTexts.alreadyDeclined, pairingTexts.declinedText);
  else showEndStep(node, "used", pairingTexts.alreadyApproved, pairingTexts.alreadyApprovedText);
}

/**
 * @param {HTMLElement} node
 * @param {string} step
 * @param {string} title
 * @param {string} text
 */
function showEndStep(node, step, title, text) {
  forgetCode();
  const retry = html("button", { type: "button", class: "soft", on: { click: () => showCodeStep(node, "") } }, pairingTexts.anotherCode);
  showStep(node, step, title, html("p", {}, text), html("div", { class: "actions" }, homeLink(), retry));
}

/**
 * @param {HTMLElement} node
 * @param {Claim} claim
 */
function showApprovalStep(node, { userCode, deviceId }) {
  const nameField = textField({
    name: "deviceName", label: pairingTexts.name, value: pairingTexts.defaultName, required: true, maxlength: NAME_LENGTH, autocomplete: "off",
  });
  const approve = form({
    fields: [nameField],
    action: pairingTexts.approve,
    send: async ({ deviceName }) => {
      await api.approveClaim(userCode, deviceName);
      forgetCode();
      await load();
      showOutletStep(node, { deviceId, deviceName });
    },
  });
  const deny = form({
    fields: [],
    action: pairingTexts.deny,
    tone: "quiet",
    send: async () => {
      await api.denyClaim(userCode);
      showEndStep(node, "denied", pairingTexts.declined, pairingTexts.declinedText);
    },
  });
  showStep(node, "approval", pairingTexts.question,
    html("p", {}, pairingTexts.instruction),
    html("dl", { class: "claim" },
      html("dt", {}, pairingTexts.device), html("dd", {}, deviceId), html("dt", {}, pairingTexts.code), html("dd", {}, userCode)),
    approve, deny);
}

const forgetCode = () => history.replaceState(null, "", "/#/pair");

/**
 * @param {HTMLElement} node
 * @param {{ deviceId: string, deviceName: string }} device
 */
function showOutletStep(node, device) {
  const added = portsOf(device.deviceId).map((port) => html("li", {}, pairingTexts.onChannel(port.name, port.channel)));
  const hasOutlets = added.length > 0;
  const addForm = addOutletForm(device.deviceId, {
    done: (port) => {
      showToast(outletFormTexts.added(port.name));
      showOutletStep(node, device);
    },
  });
  showStep(node, "outlets", pairingTexts.paired(device.deviceName),
    html("p", {}, hasOutlets ? pairingTexts.nextOutlet : pairingTexts.firstOutlet),
    hasOutlets && html("ul", { class: "added" }, added),
    addForm, homeLink(hasOutlets ? commonTexts.done : pairingTexts.later));
}
