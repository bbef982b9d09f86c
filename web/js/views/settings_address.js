/** Whether the e-mail address is confirmed, and the link for that once more. */

import * as api from "../api.js";
import { h } from "../dom.js";
import { form } from "../form.js";
import { say } from "../toast.js";

/** A note while the address is not confirmed, null when there is nothing to do. */
export function addressNote({ email, emailConfirmed, emailAvailable }) {
  if (emailConfirmed || !emailAvailable) return null;
  const ask = form({
    className: "stack",
    fields: [h("p", {}, `A link was mailed to ${email}. Nothing else is mailed there before you follow it.`)],
    action: "Send the link again",
    tone: "soft",
    send: async () => {
      await api.resendConfirmation();
      say("The link is on its way.");
    },
  });
  return h("section", { class: "card" }, h("h2", {}, "Confirm your e-mail address"), ask);
}
