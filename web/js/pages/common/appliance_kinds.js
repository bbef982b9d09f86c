/** Kinds of appliances that a person can choose, and the policies of an outlet. */

import { icon } from "../../ui/dom.js";
import { APPLIANCE_KINDS } from "../../generated/facts.js";

export const KINDS = APPLIANCE_KINDS.map(({ name }) => name);

/** Where a cut would spoil food, freeze pipes, flood a cellar, lose data or harm somebody. */
export const NEVER_CUT_KINDS = APPLIANCE_KINDS.filter(({ neverCut }) => neverCut).map(({ name }) => name);

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

/** The picture of a kind, responsiveChart anew only when the kind is another one. */
export function showPicture(picture, kind) {
  if (picture.dataset.kind !== kind) picture.replaceChildren(icon(kindIcon((picture.dataset.kind = kind))));
}
