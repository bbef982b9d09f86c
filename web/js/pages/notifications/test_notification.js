/** Trying the channels out: one test notification, and what became of it on each. */

import * as api from "../../api/client.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { form } from "../../ui/form.js";

const WORDS = { page: "Page", email: "E-mail", webhook: "Webhook" };

/** A card with the button; what was saved counts, not what is just being typed. */
export function trial() {
  const results = html("ul", { class: "results" });
  const ask = form({
    fields: [html("p", {}, "Sends one notification by every way that you saved, now.")],
    className: "stack",
    action: "Send a test",
    tone: "soft",
    send: async () => replaceChildren(results, (await api.sendTestNotification()).map(resultItem)),
  });
  return html("section", { class: "card" }, html("h2", {}, "Try it out"), ask, html("div", { role: "status" }, results));
}

const resultItem = ({ channel, status, error }) => html("li", { data: { status } },
  html("strong", {}, WORDS[channel]), " ", status === "delivered" ? "delivered" : `failed: ${error}`);
