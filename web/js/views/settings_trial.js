/** Trying the channels out: one test notification, and what became of it on each. */

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { form } from "../form.js";

const WORDS = { page: "Page", email: "E-mail", webhook: "Webhook" };

/** A card with the button; what was saved counts, not what is just being typed. */
export function trial() {
  const results = h("ul", { class: "results" });
  const ask = form({
    fields: [h("p", {}, "Sends one notification by every way that you saved, now.")],
    className: "stack",
    action: "Send a test",
    tone: "soft",
    send: async () => fill(results, (await api.sendTestNotification()).map(resultItem)),
  });
  return h("section", { class: "card" }, h("h2", {}, "Try it out"), ask, h("div", { role: "status" }, results));
}

const resultItem = ({ channel, status, error }) => h("li", { data: { status } },
  h("strong", {}, WORDS[channel]), " ", status === "delivered" ? "delivered" : `failed: ${error}`);
