/** A note while the e-mail address is not confirmed, with a button that mails the link again. */

import * as api from "../../api/client.js";
import { accountTexts } from "../../texts/account.js";
import { html } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form } from "../../ui/form.js";

/** @import { Account } from "../../api/types.d.ts" */

/**
 * Make the note.
 * @param {Account} account
 * @returns {HTMLElement | null} null when there is nothing to confirm
 */
export function addressNote({ email, emailConfirmed, emailAvailable }) {
  if (emailConfirmed || !emailAvailable) return null;
  const resend = form({
    className: "stack",
    fields: [html("p", {}, accountTexts.confirmText(email))],
    action: accountTexts.resend,
    tone: "soft",
    send: async () => {
      await api.resendConfirmation();
      showToast(accountTexts.resent);
    },
  });
  return html("section", { class: "card" }, html("h2", {}, accountTexts.confirmTitle), resend);
}
