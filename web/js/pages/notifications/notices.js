/** Kinds of notifications: their icons and names, in the order of the settings. */

import { notificationTexts, noticeTexts, otherNoticeTexts } from "../../texts/notifications.js";

/** @typedef {keyof typeof noticeTexts} NoticeKind */

/** @type {Record<string, string>} */
const ICONS = {
  phantom: "ghost", cut: "power", cut_failed: "alert", always_on: "clock", outlet_silent: "clock", relay_failed: "alert",
  protected_off: "alert", pairing_refused: "alert", device_offline: "pi", device_flapping: "pi", spool_dropped: "alert",
};

/** The kinds that a person chooses channels for. */
export const NOTICE_KINDS = /** @type {NoticeKind[]} */ (Object.keys(noticeTexts));

/**
 * Describe a kind of notification, also one that this page does not know yet.
 * @param {string} kind
 * @returns {{ picture: string, title: string }} picture is the id of an icon
 */
export function noticeOf(kind) {
  const title = kind in noticeTexts ? noticeTexts[/** @type {NoticeKind} */ (kind)][0] : otherNoticeTexts[kind];
  return { picture: ICONS[kind] ?? "bell", title: title ?? notificationTexts.unknownKind };
}
