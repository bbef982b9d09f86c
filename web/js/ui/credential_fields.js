/** The fields by which people show who they are: a password, and a code of two-step log-in. */

import { credentialTexts } from "../texts/common.js";
import { inputOf, passwordField, textField } from "./form.js";

/**
 * Make the field of the password of a person who is signed in.
 * @param {Record<string, unknown>} [attributes]
 * @returns {HTMLElement}
 */
export const ownPasswordField = (attributes) =>
  passwordField({ name: "currentPassword", label: credentialTexts.yourPassword, autocomplete: "current-password", ...attributes });

/**
 * Make the field of a code of the authenticator app.
 * @returns {HTMLElement}
 */
export const codeField = () => textField({
  name: "code", label: credentialTexts.code, required: true, minlength: 6, maxlength: 64, autocomplete: "one-time-code", spellcheck: "false",
  hint: credentialTexts.codeHint,
});

/**
 * Make the fields that prove who somebody is: the password, and a code where the account has two-step log-in.
 * @param {{ totp: boolean }} account
 * @returns {HTMLElement[]}
 */
export const proofFields = ({ totp }) => (totp ? [ownPasswordField(), codeField()] : [ownPasswordField()]);

/**
 * Show or hide a field. A hidden field is not asked for.
 * @param {HTMLElement} field
 * @param {boolean} isShown
 */
export function showField(field, isShown) {
  field.toggleAttribute("hidden", !isShown);
  inputOf(field).disabled = !isShown;
}
