/** Two-step log-in: a code of an authenticator app beside the password. */

import * as api from "../../api/client.js";
import { load, state } from "../../store/home.js";
import { codeField, ownPasswordField, proofFields } from "../../ui/credential_fields.js";
import { openDialog } from "../../ui/dialog.js";
import { html, replaceChildren, svg } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form } from "../../ui/form.js";

const MARGIN = 4; // modules around a QR code, as ISO 18004 wants them

/** The card's content: {node, update()}. */
export function totpSettings() {
  const node = html("div", { class: "stack" });
  let shown = null;
  function update() {
    const { totp, recoveryCodesLeft } = state.account;
    if (shown === `${totp} ${recoveryCodesLeft}`) return;
    shown = `${totp} ${recoveryCodesLeft}`;
    replaceChildren(node, ...(totp ? whenOn(recoveryCodesLeft) : whenOff()));
  }
  return { node, update };
}

const whenOff = () => [
  html("p", {}, "With it, log-in also asks for a code of an authenticator app on your phone. A stolen password alone opens nothing then."),
  html("button", { type: "button", class: "soft", on: { click: beginDialog } }, "Set it up…"),
];

const whenOn = (left) => [
  html("p", {}, `It is on. ${left === 1 ? "1 recovery code is" : `${left} recovery codes are`} left.`),
  left < 4 && html("p", { class: "hint" }, "For new recovery codes, switch it off and set it up again."),
  html("button", { type: "button", class: "soft", on: { click: endDialog } }, "Switch it off…"),
];

function beginDialog() {
  openDialog("Set up two-step log-in", (close) => {
    const step = html("div", { class: "stack" });
    replaceChildren(step, form({
      className: "stack",
      fields: [ownPasswordField()],
      action: "Go on",
      cancel: close,
      send: async ({ currentPassword }) => showSecret(step, await api.beginTotp(currentPassword), close),
    }));
    return step;
  });
}

function showSecret(step, { secret, uri, qr }, close) {
  const first = codeField();
  replaceChildren(step,
    html("p", {}, "Scan this with your authenticator app, then type the code that it shows."),
    qrCode(qr),
    html("details", { class: "more" },
      html("summary", {}, "Without a camera"),
      html("input", { readonly: true, value: secret, class: "key", "aria-label": "The secret" }),
      html("p", {}, html("a", { href: uri }, "Open it in an app on this device"))),
    form({
      className: "stack",
      fields: [first],
      action: "Switch it on",
      cancel: close,
      send: async ({ code }) => showRecoveryCodes(step, await api.finishTotp(code), close),
    }));
  first.querySelector("input").focus();
}

function showRecoveryCodes(step, codes, close) {
  load();
  const heading = html("h3", { tabindex: "-1" }, "Your recovery codes");
  replaceChildren(step, heading,
    html("p", {}, "Each opens your account once when your phone is lost. They are shown now and never again: print them, or write them down."),
    html("ol", { class: "codes" }, codes.map((code) => html("li", {}, code))),
    html("div", { class: "actions" }, html("button", { type: "button", class: "primary", on: { click: close } }, "I have them")));
  heading.focus();
}

function endDialog() {
  openDialog("Switch two-step log-in off?", (close) => form({
    className: "stack",
    fields: proofFields({ totp: true }),
    action: "Switch it off",
    tone: "danger",
    cancel: close,
    send: async (proof) => {
      await api.endTotp(proof);
      close();
      showToast("Two-step log-in is off.");
      load();
    },
  }));
}

/** Rows of 0 and 1 as a picture, a path for each dark module. */
function qrCode(rows) {
  const size = rows.length + 2 * MARGIN;
  const dark = rows.flatMap((row, y) => [...row].map((module, x) => (module === "1" ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : "")));
  return svg("svg", { class: "qr", viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": "QR code", "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#ffffff" }), svg("path", { d: dark.join(""), fill: "#000000" }));
}
