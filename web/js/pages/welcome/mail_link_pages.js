/** Where the links lead that are mailed: confirming an address, and choosing a new password. Nobody need be signed in. */

import * as api from "../../api/client.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { form, passwordField } from "../../ui/form.js";

/** {title, node, update()}. A press confirms, not the visit: programs that check mail visit links too. */
export function confirmAddressPage(token, { done }) {
  return linkView("Confirm your e-mail address", (card) => [
    html("p", {}, "Then Ghostwatt may send you notifications by e-mail."),
    form({
      fields: [],
      action: "Confirm",
      send: async () => {
        await api.confirmAddress(token);
        done();
        told(card, "Your address is confirmed.");
      },
    }),
  ]);
}

/** {title, node, update()}. */
export function resetPasswordPage(token) {
  return linkView("Choose a new password", (card) => [
    form({
      className: "stack",
      fields: [passwordField({
        name: "newPassword", label: "New password", autocomplete: "new-password", minlength: 8,
        hint: "At least 8 characters, and none that is easy to guess. You are logged out everywhere, and all API tokens end.",
      })],
      action: "Save the password",
      send: async ({ newPassword }) => {
        await api.resetPassword(token, newPassword);
        told(card, "Your password is changed.");
      },
    }),
  ]);
}

function linkView(title, content) {
  const card = html("section", { class: "card signin" });
  replaceChildren(card, html("h1", {}, title), ...content(card));
  return { title, node: html("div", { class: "narrow" }, card), update: () => {}, isLinked: true };
}

/** What happened, and the way on. */
function told(card, text) {
  replaceChildren(card, html("h1", { tabindex: "-1" }, text), html("p", {}, html("a", { class: "button soft", href: "#/" }, "Go on")));
  card.querySelector("h1").focus();
}
