/** Texts that several pages share. All texts that a person reads are in this folder. */

const SHOWN_ONCE = "This is the only time it is shown.";

/** @param {number} count @param {string} one @param {string} many with # for the figure */
export const plural = (count, one, many) => (count === 1 ? one : many.replace("#", count.toLocaleString()));

export const commonTexts = {
  tryAgain: "Try again",
  close: "Close",
  cancel: "Cancel",
  copy: "Copy",
  done: "Done",
  save: "Save",
  saved: "Saved.",
  show: "Show",
  showMore: "Show more",
  showAsTable: "Show as a table",
  undo: "Undo",
  loadingOutlets: "Loading your outlets…",
  noFigure: "–",
  shownOnce: SHOWN_ONCE,
  copied: `Copied. ${SHOWN_ONCE}`,
  copiedText: "Copied.",
  selectedToCopy: "Selected: copy it with Ctrl+C or ⌘C.",
};

export const serverTexts = {
  badAnswer: "The server's answer could not be read.",
  unexplained: "The server refused without giving a reason.",
  timeout: "The server took too long to answer.",
  unreachable: "The server cannot be reached. Are you online?",
};

export const frameTexts = {
  home: "Home",
  energy: "Energy",
  notifications: "Notifications",
  account: "Account",
  offline: "Offline",
  sessionEnded: "Your session has ended. Please log in again.",
  connection: { connecting: "connecting…", live: "live", reconnecting: "reconnecting…", offline: "offline" },
  /** @param {number} count */
  unread: (count) => (count > 0 ? `Notifications, ${count} unread` : "Notifications"),
  /** @param {string} title @param {number} unread */
  documentTitle: (title, unread) => `${unread > 0 ? `(${unread}) ` : ""}${title} · Ghostwatt`,
};

export const durationTexts = {
  justNow: "just now",
  /** @param {string} duration */
  ago: (duration) => `${duration} ago`,
  /** @param {number} count */
  days: (count) => `${count} days`,
  /** @param {string} day */
  weekOf: (day) => `Week of ${day}`,
};

export const credentialTexts = {
  email: "E-mail",
  yourPassword: "Your password",
  code: "Code",
  codeHint: "From your authenticator app, or one of your recovery codes.",
  passwordRule: "At least 8 characters, and not easy to guess.",
};
