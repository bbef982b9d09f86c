/** A test of the channels: one notification, and its result on each. */

import * as api from "../../api/client.js";
import { channelTexts, testNotificationTexts } from "../../texts/notifications.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { form } from "../../ui/form.js";

/** @import { TestResult } from "../../api/types.d.ts" */

/**
 * Make the card. The test uses the saved settings, not what is being typed.
 * @returns {HTMLElement}
 */
export function testNotificationCard() {
  const results = html("ul", { class: "results" });
  const test = form({
    fields: [html("p", {}, testNotificationTexts.about)],
    className: "stack",
    action: testNotificationTexts.send,
    tone: "soft",
    send: async () => replaceChildren(results, (await api.sendTestNotification()).map(resultItem)),
  });
  return html("section", { class: "card" }, html("h2", {}, testNotificationTexts.title), test, html("div", { role: "status" }, results));
}

/** @param {TestResult} result */
const resultItem = ({ channel, status, error }) => html("li", { data: { status } },
  html("strong", {}, channelTexts[channel]), " ",
  status === "delivered" ? testNotificationTexts.delivered : testNotificationTexts.failed(error ?? ""));
