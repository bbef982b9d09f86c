/** Texts of notifications and of their settings. */

/** @import { NOTIFICATION_CHANNELS, NOTIFICATION_KINDS } from "../generated/facts.js" */

/** @type {Record<typeof NOTIFICATION_CHANNELS[number], string>} */
export const channelTexts = { page: "Page", email: "E-mail", webhook: "Webhook" };

/** What each kind is about. @type {Record<typeof NOTIFICATION_KINDS[number], [title: string, sentence: string]>} */
export const noticeTexts = {
  phantom: ["Phantom found", "An outlet draws standby power."],
  cut: ["Outlet cut", "An outlet in standby was switched off."],
  cut_failed: ["Cut failed", "An outlet still draws power after it was switched off."],
  always_on: ["Always on", "An appliance is never off and never idle."],
  outlet_silent: ["Meter silent", "An outlet's meter sends no readings, although its device is online."],
  relay_failed: ["Relay failed", "A relay does not respond to commands."],
  protected_off: ["Protected outlet off", "An outlet that is never cut was switched off by hand."],
  pairing_refused: ["Pairing refused", "Somebody tried to pair a device of yours."],
  device_offline: ["Device offline", "A Pi lost its connection."],
  device_flapping: ["Device unstable", "A Pi keeps going online and offline."],
  spool_dropped: ["Readings dropped", "The buffer of a Pi was full, so readings were dropped."],
};

/** Kinds without a setting of their own. @type {Record<string, string>} */
export const otherNoticeTexts = { test: "Test", weekly_digest: "Weekly digest" };

export const notificationTexts = {
  title: "Notifications",
  none: "No notifications yet. Phantoms, cuts and devices that go offline appear here.",
  markAllRead: "Mark all as read",
  markRead: "Mark as read",
  settings: "Settings",
  new: "new",
  unknownKind: "Notification",
};

export const notificationSettingsTexts = {
  title: "Notification settings",
  back: "Back",
  loading: "Loading your settings…",
  channels: "Channels",
  routing: "What goes where",
  when: "When",
  about: "About",
  noMail: "This server is not set up to send mail.",
  /** @param {string} address @param {boolean} isConfirmed */
  mailTo: (address, isConfirmed) => (isConfirmed ? `To ${address}.` : `To ${address}, once you have followed the link that was mailed there.`),
  webhookPlaceholder: "https://example.org/ghostwatt",
  webhookHint: "Each notification is posted there as signed JSON. Leave it empty to post nothing.",
  secretSection: "Secret of the webhook",
  ownSecret: "A secret of your own",
  keepSecret: "Leave it empty to keep the current one.",
  makeSecret: "Leave it empty to have one made and shown once.",
  secretTitle: "The secret of your webhook",
  secretText: "The receiver uses it to check that a call comes from here.",
  secret: "The secret",
  /** @param {string} ago @param {string} error @param {boolean} gaveUp */
  lastFailure: (ago, error, gaveUp) => `Last failed ${ago}: ${error} ${gaveUp ? "No more attempts will be made." : "It will be tried again."}`,
  routingHint: "Page: it counts as unread here. The list of notifications has everything, whatever you choose.",
  quiet: "Quiet hours",
  /** @param {string} timeZone */
  quietHint: (timeZone) => `E-mail and webhook wait until they are over. Time zone: ${timeZone}.`,
  quietFrom: "Quiet from",
  quietUntil: "Quiet until",
  digest: "Weekly digest",
  digestHint: "A weekly e-mail: energy used and energy saved.",
};

export const testNotificationTexts = {
  title: "Try it out",
  about: "Sends a test notification now, by every channel that you saved.",
  send: "Send a test",
  delivered: "delivered",
  /** @param {string} error */
  failed: (error) => `failed: ${error}`,
};
