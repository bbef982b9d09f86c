/** What the person was told. */

import { markRead, state } from "../../store/home.js";
import { html, icon, reconcileList, setText } from "../../ui/dom.js";
import { attempt, withBusyState } from "../../ui/feedback.js";
import { agoText, dateText } from "../../ui/format.js";
import { noticeOf } from "./notices.js";

/** {title, node, update()}. */
export function notificationsPage() {
  const parts = new Map();
  const list = html("ol", { class: "card notes" });
  const none = html("p", { class: "empty small" }, "Nothing to tell you yet. A phantom, a cut or a Pi that falls silent shows here.");
  const all = html("button", { type: "button", class: "soft", on: { click: () => withBusyState(all, () => attempt(() => markRead())) } }, "Mark all as read");
  const choose = html("a", { class: "button quiet", href: "#/notifications/settings" }, "Settings");
  const node = html("section", { class: "narrow", "aria-labelledby": "notes" },
    html("header", { class: "bar" }, html("h1", { id: "notes" }, "Notifications"), html("div", { class: "actions" }, all, choose)),
    none, list);

  function update() {
    list.hidden = state.notifications.length === 0;
    none.hidden = state.notifications.length > 0 || state.phase === "loading";
    all.hidden = state.unread === 0;
    reconcileList(list, parts, state.notifications, (note) => note.notificationId, noteItem);
  }

  return { title: "Notifications", node, update };
}

function noteItem({ notificationId, message, at, kind, portId }) {
  const [picture, word] = noticeOf(kind);
  const when = html("time", { datetime: at, title: dateText(at) });
  const fresh = html("span", { class: "badge" }, "new");
  const label = { "aria-label": "Mark as read", title: "Mark as read" };
  const read = html("button", { type: "button", class: "round", ...label }, icon("check"));
  read.addEventListener("click", () => attempt(() => markRead([notificationId])));
  const node = html("li", { class: "note", data: { kind } },
    html("span", { class: "kind" }, icon(picture)),
    html("div", {}, html("p", { class: "about" }, html("span", {}, word), fresh, when), html("p", {}, portId ? html("a", { href: `#/port/${portId}` }, message) : message)), read);
  return {
    node,
    update(note) {
      node.dataset.read = note.read;
      read.hidden = fresh.hidden = note.read;
      setText(when, agoText(at));
    },
  };
}
