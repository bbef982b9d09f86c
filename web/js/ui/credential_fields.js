/** The fields by which a person who is signed in shows once more who that is. */

import { passwordField, textField } from "./form.js";

/** The password; other attributes go to the input. */
export const ownPasswordField = (attributes) =>
  passwordField({ name: "currentPassword", label: "Your password", autocomplete: "current-password", ...attributes });

/** A code of the authenticator app. */
export const codeField = () => textField({
  name: "code", label: "Code", required: true, minlength: 6, maxlength: 64, autocomplete: "one-time-code", spellcheck: "false",
  hint: "From your authenticator app, or one of your recovery codes.",
});

/** Both, where the account has two-step log-in. */
export const proofFields = ({ totp }) => [ownPasswordField(), totp && codeField()];

/** Show or hide a field; a hidden one is not asked for. */
export function show(field, isShown) {
  field.hidden = !isShown;
  field.querySelector("input").disabled = !isShown;
}
