/** Kinds of appliances that a person can choose, and the policies of an outlet. */

export const KINDS = [
  "television", "oled television", "set-top box", "recorder", "monitor", "computer", "console", "printer",
  "inkjet printer", "coffee machine", "microwave", "washing machine", "washer-dryer", "dishwasher", "dryer", "charger",
  "lamp", "audio", "amplifier", "fridge or freezer", "router or network", "storage", "heating control", "pump",
  "alarm clock", "medical device", "other", "unknown",
];

/** Where a cut would spoil food, freeze pipes, flood a cellar, lose data or harm somebody. */
export const NEVER_CUT_KINDS = [
  "fridge or freezer", "router or network", "storage", "heating control", "pump", "alarm clock", "medical device",
];

/** Kinds that have another one's icon. */
const ICONS = {
  "oled television": "television", "recorder": "set-top-box", "inkjet printer": "printer", "amplifier": "audio",
  "washer-dryer": "washing-machine", "alarm clock": "clock",
};

export const POLICIES = [
  ["observe", "Only watch", "Write phantoms down; say nothing, switch nothing."],
  ["notify", "Tell me", "Send a notification and leave the decision to me."],
  ["cut", "Cut it", "Switch the outlet off when only a phantom is left. One tap undoes it."],
];

export const POLICY_BADGES = { observe: "only watched", notify: "tells you", cut: "auto-cut" };

/** The kind in words; empty where the name says it, or nobody knows it. */
export const kindWords = ({ name, kind }) => (kind === "unknown" || alike(name.toLowerCase(), kind) ? "" : kind);
const alike = (name, kind) => name.includes(kind) || kind.includes(name);

/** The icon of a kind; kinds that other clients made up have the general one. */
export const kindIcon = (kind) => (KINDS.includes(kind) ? ICONS[kind] ?? kind.replaceAll(" ", "-") : "unknown");
