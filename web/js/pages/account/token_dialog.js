/** The dialog that makes an API token for a program. */

import * as api from "../../api/client.js";
import { NAME_LENGTH } from "../../generated/facts.js";
import { currentAccount } from "../../store/home.js";
import { sessionTexts } from "../../texts/account.js";
import { codeField, ownPasswordField, showField } from "../../ui/credential_fields.js";
import { oneTimeSecret, openDialog } from "../../ui/dialog.js";
import { descendant, html } from "../../ui/dom.js";
import { form, radioField, selectField, textField } from "../../ui/form.js";

const { lives, scopes } = sessionTexts;
/** @type {[days: string, text: string][]} */
const LIVES = [["30", lives[30]], ["90", lives[90]], ["365", lives[365]], ["3650", lives[3650]]];
const USUAL_LIFE = "365";
const LONG_LIVED_DAYS = 400; // a token that lives longer needs the password

/**
 * Open the dialog.
 * @param {() => void} onMade called once the token is made
 */
export function makeTokenDialog(onMade) {
  openDialog(sessionTexts.makeTitle, (close) => [html("p", {}, sessionTexts.makeText), tokenForm(close, onMade)]);
}

const scopeField = () => radioField({
  name: "scope", label: sessionTexts.scope, value: "read",
  options: [["read", scopes.read[0], scopes.read[1]], ["control", scopes.control[0], scopes.control[1]]],
});

/**
 * @param {() => void} close
 * @param {() => void} onMade
 */
function tokenForm(close, onMade) {
  const life = selectField({ name: "expiresInDays", label: sessionTexts.ends, value: USUAL_LIFE, options: LIVES });
  const password = ownPasswordField({ hint: sessionTexts.passwordHint });
  const proof = currentAccount().totp ? [password, codeField()] : [password];
  const select = /** @type {HTMLSelectElement} */ (descendant(life, "select"));
  const isLong = () => Number(select.value) > LONG_LIVED_DAYS;
  const showProof = () => proof.forEach((field) => showField(field, isLong()));
  life.addEventListener("change", showProof);
  showProof();
  return form({
    className: "stack",
    fields: [
      textField({
        name: "name", label: sessionTexts.program, placeholder: sessionTexts.programPlaceholder,
        required: true, maxlength: NAME_LENGTH, autocomplete: "off",
      }),
      scopeField(), life, ...proof,
    ],
    action: sessionTexts.make,
    cancel: close,
    send: async ({ name, scope, expiresInDays, ...credentials }, node) => {
      const token = await api.makeToken({ name, scope, expiresInDays: Number(expiresInDays), ...(isLong() && credentials) });
      node.replaceWith(oneTimeSecret(sessionTexts.token, token, close));
      onMade();
    },
  });
}
