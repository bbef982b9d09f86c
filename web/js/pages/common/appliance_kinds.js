/** Kinds of appliances: which are never cut, how they are named, and their icons. */

import { APPLIANCE_KINDS } from "../../generated/facts.js";
import { icon } from "../../ui/dom.js";

/** @type {string[]} */
export const KINDS = APPLIANCE_KINDS.map(({ name }) => name);

/** A cut would spoil food, freeze pipes, flood a cellar, lose data or harm somebody. @type {string[]} */
export const NEVER_CUT_KINDS = APPLIANCE_KINDS.filter(({ neverCut }) => neverCut).map(({ name }) => name);

/** Kinds that share another kind's icon. @type {Record<string, string>} */
const ICONS = {
  "oled television": "television", "recorder": "set-top-box", "inkjet printer": "printer", "amplifier": "audio",
  "washer-dryer": "washing-machine", "alarm clock": "clock",
};

/**
 * Name the kind of an outlet.
 * @param {{ name: string, kind: string }} port
 * @returns {string} empty where the outlet's name says it, or nobody knows it
 */
export function kindText({ name, kind }) {
  const shownName = name.toLowerCase();
  return kind === "unknown" || shownName.includes(kind) || kind.includes(shownName) ? "" : kind;
}

/**
 * Choose the icon of a kind.
 * @param {string} kind
 * @returns {string} the id of its icon; kinds that other clients made up have the general one
 */
export const kindIcon = (kind) => (KINDS.includes(kind) ? ICONS[kind] ?? kind.replaceAll(" ", "-") : "unknown");

/**
 * Show the icon of a kind; it is drawn anew only when the kind has changed.
 * @param {HTMLElement} picture
 * @param {string} kind
 */
export function showKindIcon(picture, kind) {
  if (picture.dataset.kind === kind) return;
  picture.dataset.kind = kind;
  picture.replaceChildren(icon(kindIcon(kind)));
}
