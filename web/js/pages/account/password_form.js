/** The form that changes the password. */

import * as api from "../../api/client.js";
import { passwordTexts } from "../../texts/account.js";
import { html } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form, passwordField } from "../../ui/form.js";

/**
 * Make the form.
 * @param {{ email: string }} account
 * @returns {HTMLFormElement}
 */
export function passwordForm({ email }) {
  return form({
    className: "stack",
    fields: [
      html("input", { type: "email", autocomplete: "username", value: email, hidden: true }), // for password managers
      passwordField({ name: "currentPassword", label: passwordTexts.current, autocomplete: "current-password" }),
      passwordField({ name: "newPassword", label: passwordTexts.new, autocomplete: "new-password", minlength: 8, hint: passwordTexts.hint }),
    ],
    action: passwordTexts.change,
    send: async (values, node) => {
      await api.changeAccount(values);
      node.reset();
      showToast(passwordTexts.changed);
    },
  });
}
