/** The password. */

import * as api from "../api.js";
import { h } from "../dom.js";
import { form, textField } from "../form.js";
import { say } from "../toast.js";

const passwordField = (field) => textField({ type: "password", required: true, maxlength: 256, ...field });

export function passwordForm({ email }) {
  return form({
    className: "stack",
    fields: [
      h("input", { type: "email", autocomplete: "username", value: email, hidden: true }), // for password managers
      passwordField({ name: "currentPassword", label: "Current password", autocomplete: "current-password" }),
      passwordField({
        name: "newPassword", label: "New password", autocomplete: "new-password", minlength: 8,
        hint: "At least 8 characters. All other sessions and all read tokens end.",
      }),
    ],
    action: "Change password",
    send: async (values, node) => {
      await api.changeAccount(values);
      node.reset();
      say("The password is changed; all other sessions and all read tokens have ended.");
    },
  });
}
