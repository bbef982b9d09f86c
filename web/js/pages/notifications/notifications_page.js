/** The list of notifications. */

import { markRead, state } from "../../store/home.js";
import { notificationTexts } from "../../texts/notifications.js";
import { actionButton } from "../../ui/controls.js";
import { html, icon, reconcileList, setText } from "../../ui/dom.js";
import { attempt } from "../../ui/feedback.js";
import { agoText, dateText } from "../../ui/format.js";
import { noticeOf } from "./notices.js";

/** @import { Notification } from "../../api/types.d.ts" */
/** @import { Page, Part } from "../../ui/types.d.ts" */

/**
 * Make the page.
 * @returns {Page}
 */
export function notificationsPage() {
  /** @type {Map<string, Part<Notification>>} */
  const parts = new Map();
  const list = html("ol", { class: "card notes" });
  const none = html("p", { class: "empty small" }, notificationTexts.none);
  const all = actionButton(notificationTexts.markAllRead, "soft", () => attempt(() => markRead()));
  const settings = html("a", { class: "button quiet", href: "#/notifications/settings" }, notificationTexts.settings);
  const node = html("section", { class: "narrow", "aria-labelledby": "notes" },
    html("header", { class: "bar" }, html("h1", { id: "notes" }, notificationTexts.title), html("div", { class: "actions" }, all, settings)),
    none, list);

  function update() {
    list.hidden = state.notifications.length === 0;
    none.hidden = state.notifications.length > 0 || state.phase === "loading";
    all.hidden = state.unread === 0;
    reconcileList(list, parts, state.notifications, (notification) => notification.notificationId, notificationItem);
  }

  return { title: notificationTexts.title, node, update };
}

/**
 * @param {Notification} notification
 * @returns {Part<Notification>}
 */
function notificationItem({ notificationId, message, at, kind, portId }) {
  const { picture, title } = noticeOf(kind);
  const when = html("time", { datetime: at, title: dateText(at) });
  const badge = html("span", { class: "badge" }, notificationTexts.new);
  const read = html("button", {
    type: "button", class: "round", "aria-label": notificationTexts.markRead, title: notificationTexts.markRead,
    on: { click: () => attempt(() => markRead([notificationId])) },
  }, icon("check"));
  const text = html("p", {}, portId ? html("a", { href: `#/port/${portId}` }, message) : message);
  const node = html("li", { class: "note", data: { kind } },
    html("span", { class: "kind" }, icon(picture)),
    html("div", {}, html("p", { class: "about" }, html("span", {}, title), badge, when), text), read);
  return {
    node,
    update(notification) {
      node.dataset.read = String(notification.read);
      read.hidden = badge.hidden = notification.read;
      setText(when, agoText(at));
    },
  };
}
