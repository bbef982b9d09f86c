/** Whether the e-mail address is confirmed, and the link for that once more. */

import * as api from "../../api/client.js";
import { html } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { form } from "../../ui/form.js";

/** A note while the address is not confirmed, null when there is nothing to do. */
export function addressNote({ email, emailConfirmed, emailAvailable }) {
  if (emailConfirmed || !emailAvailable) return null;
  const ask = form({
    className: "stack",
    fields: [html("p", {}, `A link was mailed to ${email}. Nothing else is mailed there before you follow it.`)],
    action: "Send the link again",
    tone: "soft",
    send: async () => {
      await api.resendConfirmation();
      showToast("The link is on its way.");
    },
  });
  return html("section", { class: "card" }, html("h2", {}, "Confirm your e-mail address"), ask);
}
