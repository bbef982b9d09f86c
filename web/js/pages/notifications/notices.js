/** Kinds of notifications: a picture, a word, and what each is about. */

/** Those that a person chooses channels for, in the order of the settings: kind -> [picture, word, sentence]. */
export const NOTICES = {
  phantom: ["ghost", "Phantom found", "An outlet draws standby power."],
  cut: ["power", "Outlet cut", "A phantom's outlet was switched off."],
  cut_failed: ["alert", "Cut failed", "The outlet still draws power after it was switched off."],
  always_on: ["clock", "Always on", "An appliance is never off and never idle."],
  outlet_silent: ["clock", "Meter silent", "An outlet's meter sends no readings, though its device is online."],
  relay_failed: ["alert", "Relay failed", "A relay does not do what it is told."],
  protected_off: ["alert", "Protected outlet off", "An outlet that must keep its power was switched off by hand."],
  pairing_refused: ["alert", "Pairing refused", "Somebody tried to pair a device that is yours."],
  device_offline: ["pi", "Device offline", "A Pi stopped calling."],
  device_flapping: ["pi", "Device unsteady", "A Pi keeps going online and offline."],
  spool_dropped: ["alert", "Readings lost", "A Pi had no room for readings that it could not send."],
};

const OTHERS = { test: ["bell", "Test"], weekly_digest: ["bell", "Weekly digest"] };

/** [picture, word] of any kind, also of one that this page does not know yet. */
export const noticeOf = (kind) => NOTICES[kind] ?? OTHERS[kind] ?? ["bell", "Notification"];
