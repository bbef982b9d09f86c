/** The password. */

import * as api from "../../api/client.js";
import { html } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form, passwordField } from "../../ui/form.js";

export function passwordForm({ email }) {
  return form({
    className: "stack",
    fields: [
      html("input", { type: "email", autocomplete: "username", value: email, hidden: true }), // for password managers
      passwordField({ name: "currentPassword", label: "Current password", autocomplete: "current-password" }),
      passwordField({
        name: "newPassword", label: "New password", autocomplete: "new-password", minlength: 8,
        hint: "At least 8 characters, and none that is easy to guess. All other sessions and all API tokens end.",
      }),
    ],
    action: "Change password",
    send: async (values, node) => {
      await api.changeAccount(values);
      node.reset();
      showToast("The password is changed; all other sessions and all API tokens have ended.");
    },
  });
}
