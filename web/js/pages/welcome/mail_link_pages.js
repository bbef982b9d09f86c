/** Where mailed links lead: confirming an address, and choosing a new password. Nobody need be signed in. */

import * as api from "../../api/client.js";
import { mailLinkTexts } from "../../texts/welcome.js";
import { descendant, html, replaceChildren } from "../../ui/dom.js";
import { form, passwordField } from "../../ui/form.js";

/** @import { Children, Page } from "../../ui/types.d.ts" */

/**
 * Make the page that confirms an address. A press confirms, not the visit: programs that check mail visit links too.
 * @param {string} token
 * @param {{ done: () => void }} options done is called once the address is confirmed
 * @returns {Page}
 */
export function confirmAddressPage(token, { done }) {
  return linkPage(mailLinkTexts.confirmTitle, (card) => [
    html("p", {}, mailLinkTexts.confirmText),
    form({
      fields: [],
      action: mailLinkTexts.confirm,
      send: async () => {
        await api.confirmAddress(token);
        done();
        showOutcome(card, mailLinkTexts.confirmed);
      },
    }),
  ]);
}

/**
 * Make the page that sets a new password.
 * @param {string} token
 * @returns {Page}
 */
export function resetPasswordPage(token) {
  return linkPage(mailLinkTexts.resetTitle, (card) => [
    form({
      className: "stack",
      fields: [passwordField({
        name: "newPassword", label: mailLinkTexts.newPassword, autocomplete: "new-password", minlength: 8, hint: mailLinkTexts.newPasswordHint,
      })],
      action: mailLinkTexts.savePassword,
      send: async ({ newPassword }) => {
        await api.resetPassword(token, newPassword);
        showOutcome(card, mailLinkTexts.passwordChanged);
      },
    }),
  ]);
}

/**
 * @param {string} title
 * @param {(card: HTMLElement) => Children} makeContent
 * @returns {Page}
 */
function linkPage(title, makeContent) {
  const card = html("section", { class: "card signin" });
  replaceChildren(card, html("h1", {}, title), ...makeContent(card));
  return { title, node: html("div", { class: "narrow" }, card), update: () => {}, isLinked: true };
}

/**
 * @param {HTMLElement} card
 * @param {string} text
 */
function showOutcome(card, text) {
  replaceChildren(card, html("h1", { tabindex: "-1" }, text), html("p", {}, html("a", { class: "button soft", href: "#/" }, mailLinkTexts.continue)));
  descendant(card, "h1").focus();
}
