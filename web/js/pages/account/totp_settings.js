/** Two-step log-in: a code of an authenticator app beside the password. */

import * as api from "../../api/client.js";
import { currentAccount, load } from "../../store/home.js";
import { totpTexts } from "../../texts/account.js";
import { codeField, ownPasswordField, proofFields } from "../../ui/credential_fields.js";
import { openDialog } from "../../ui/dialog.js";
import { html, replaceChildren, svg } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form, inputOf } from "../../ui/form.js";

/** @import { Proof, TotpSetup } from "../../api/types.d.ts" */
/** @import { Child } from "../../ui/types.d.ts" */

const MARGIN = 4; // modules around a QR code, as ISO 18004 wants them
const FEW_CODES = 4;

/**
 * Make the content of the card.
 * @returns {{ node: HTMLElement, update: () => void }}
 */
export function totpSettings() {
  const node = html("div", { class: "stack" });
  let shown = "";

  function update() {
    const { totp, recoveryCodesLeft } = currentAccount();
    const key = `${totp} ${recoveryCodesLeft}`;
    if (shown === key) return;
    shown = key;
    replaceChildren(node, totp ? whenOn(recoveryCodesLeft) : whenOff());
  }

  return { node, update };
}

/** @returns {Child[]} */
const whenOff = () => [
  html("p", {}, totpTexts.about),
  html("button", { type: "button", class: "soft", on: { click: setUpDialog } }, totpTexts.setUp),
];

/**
 * @param {number} codesLeft
 * @returns {Child[]}
 */
const whenOn = (codesLeft) => [
  html("p", {}, totpTexts.isOn(codesLeft)),
  codesLeft < FEW_CODES && html("p", { class: "hint" }, totpTexts.fewCodes),
  html("button", { type: "button", class: "soft", on: { click: switchOffDialog } }, totpTexts.switchOff),
];

function setUpDialog() {
  openDialog(totpTexts.setUpTitle, (close) => {
    const step = html("div", { class: "stack" });
    step.append(form({
      className: "stack",
      fields: [ownPasswordField()],
      action: totpTexts.continue,
      cancel: close,
      send: async ({ currentPassword }) => showSecret(step, await api.beginTotp(currentPassword), close),
    }));
    return step;
  });
}

/**
 * @param {HTMLElement} step
 * @param {TotpSetup} setup
 * @param {() => void} close
 */
function showSecret(step, { secret, uri, qr }, close) {
  const code = codeField();
  replaceChildren(step,
    html("p", {}, totpTexts.scan),
    qrCode(qr),
    html("details", { class: "more" },
      html("summary", {}, totpTexts.noCamera),
      html("input", { readonly: true, value: secret, class: "key", "aria-label": totpTexts.secret }),
      html("p", {}, html("a", { href: uri }, totpTexts.openApp))),
    form({
      className: "stack",
      fields: [code],
      action: totpTexts.switchOn,
      cancel: close,
      send: async (values) => showRecoveryCodes(step, await api.finishTotp(values.code), close),
    }));
  inputOf(code).focus();
}

/**
 * @param {HTMLElement} step
 * @param {string[]} codes
 * @param {() => void} close
 */
function showRecoveryCodes(step, codes, close) {
  load();
  const heading = html("h3", { tabindex: "-1" }, totpTexts.codes);
  replaceChildren(step, heading,
    html("p", {}, totpTexts.codesText),
    html("ol", { class: "codes" }, codes.map((code) => html("li", {}, code))),
    html("div", { class: "actions" }, html("button", { type: "button", class: "primary", on: { click: close } }, totpTexts.haveThem)));
  heading.focus();
}

function switchOffDialog() {
  openDialog(totpTexts.offTitle, (close) => form({
    className: "stack",
    fields: proofFields({ totp: true }),
    action: totpTexts.offAction,
    tone: "danger",
    cancel: close,
    send: async (values) => {
      await api.endTotp(/** @type {Proof} */ (values));
      close();
      showToast(totpTexts.isOff);
      load();
    },
  }));
}

/**
 * Draw a QR code.
 * @param {string[]} rows of 0 and 1
 * @returns {SVGElement}
 */
function qrCode(rows) {
  const size = rows.length + 2 * MARGIN;
  const dark = rows.flatMap((row, y) => [...row].map((module, x) => (module === "1" ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : "")));
  return svg("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": totpTexts.qrCode, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#ffffff" }), svg("path", { d: dark.join(""), fill: "#000000" }));
}
