/** What the person was told. */

import { whileBusy } from "../busy.js";
import { h, icon, keepList, setText } from "../dom.js";
import { agoText, dateText } from "../format.js";
import { noticeOf } from "../notices.js";
import { markRead, state } from "../store.js";
import { attempt } from "../toast.js";

/** {title, node, update()}. */
export function notificationsView() {
  const parts = new Map();
  const list = h("ol", { class: "card notes" });
  const none = h("p", { class: "empty small" }, "Nothing to tell you yet. A phantom, a cut or a Pi that falls silent shows here.");
  const all = h("button", { type: "button", class: "soft", on: { click: () => whileBusy(all, () => attempt(() => markRead())) } }, "Mark all as read");
  const choose = h("a", { class: "button quiet", href: "#/notifications/settings" }, "Settings");
  const node = h("section", { class: "narrow", "aria-labelledby": "notes" },
    h("header", { class: "bar" }, h("h1", { id: "notes" }, "Notifications"), h("div", { class: "actions" }, all, choose)),
    none, list);

  function update() {
    list.hidden = state.notifications.length === 0;
    none.hidden = state.notifications.length > 0 || state.phase === "loading";
    all.hidden = state.unread === 0;
    keepList(list, parts, state.notifications, (note) => note.notificationId, noteItem);
  }

  return { title: "Notifications", node, update };
}

function noteItem({ notificationId, message, at, kind, portId }) {
  const [picture, word] = noticeOf(kind);
  const when = h("time", { datetime: at, title: dateText(at) });
  const fresh = h("span", { class: "badge" }, "new");
  const label = { "aria-label": "Mark as read", title: "Mark as read" };
  const read = h("button", { type: "button", class: "round", ...label }, icon("check"));
  read.addEventListener("click", () => attempt(() => markRead([notificationId])));
  const node = h("li", { class: "note", data: { kind } },
    h("span", { class: "kind" }, icon(picture)),
    h("div", {}, h("p", { class: "about" }, h("span", {}, word), fresh, when), h("p", {}, portId ? h("a", { href: `#/port/${portId}` }, message) : message)), read);
  return {
    node,
    update(note) {
      node.dataset.read = note.read;
      read.hidden = fresh.hidden = note.read;
      setText(when, agoText(at));
    },
  };
}
