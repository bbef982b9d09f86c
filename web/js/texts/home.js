/** Texts of the home: devices, sensors, phantoms found, and the summary of energy. */

import { plural } from "./common.js";

export const homeTexts = {
  title: "Home",
  firstTitle: "Find your phantoms",
  firstText: "Start the agent on your Raspberry Pi. It shows a short code that pairs it with this account.",
  enterCode: "Enter the code",
  nowLabel: "Home now",
  now: "Your home now",
  pair: "Pair a device",
  nothingMeasured: "Nothing is being measured right now",
  noStandby: "No standby right now",
  /** @param {string} watts @param {string} cost */
  standby: (watts, cost) => `${watts} of it standby: ${cost} a year at this rate`,
  /** @param {number} count */
  cut: (count) => (count === 0 ? "" : plural(count, "1 outlet is cut", "# outlets are cut")),
};

export const summaryTexts = {
  label: "Energy and money",
  empty: "Your home's energy, cost and savings appear here minutes after an outlet's first readings.",
  more: "See energy",
  loading: "Adding up your energy…",
  month: "This month",
  standby: "Standby in a year",
  week: "Last 7 days",
};

export const deviceTexts = {
  noOutlets: "No outlets yet. Add one for each appliance that this Pi measures.",
  more: "More for this device",
  actions: { rename: "Rename…", newKey: "New key…", release: "Release…" },
  sensors: "Sensors",
  /** @param {string} ago */
  measured: (ago) => `measured ${ago}`,
  renameTitle: "Rename the device",
  name: "Name",
  rename: "Rename",
  /** @param {string} name */
  keyTitle: (name) => `A new key for ${name}`,
  keyText: "The Pi needs the new key. The old key works until the new one is first used.",
  keyExpires: "When it expires",
  keyExpiresHint: "An expired key is refused; the Pi then needs another one.",
  keyLives: { never: "never", 30: "after 30 days", 90: "after 90 days", 365: "after a year" },
  makeKey: "Make a new key",
  newKey: "The new key",
  /** @param {string} name */
  releaseTitle: (name) => `Release ${name}?`,
  /** @param {string[]} outlets their names */
  releaseText: (outlets) => {
    const data = "readings, history, phantoms and sensor values";
    const deleted = outlets.length === 0
      ? `This deletes its ${data}.`
      : `This deletes its ${plural(outlets.length, "outlet", "# outlets")} (${outlets.join(", ")}) with all settings, ${data}.`;
    return `${deleted} Its key stops working at once, the data is deleted within a day. Outlets stay as they are switched. You or another person can pair it again.`;
  },
  release: "Release device",
};

export const livenessTexts = {
  never: "never connected",
  /** @param {string} ago */
  offline: (ago) => `offline · last seen ${ago}`,
  /** @param {string} state @param {string} ago */
  sinceAgo: (state, ago) => `${state} · since ${ago}`,
  /** @param {string} date */
  since: (date) => `since ${date}`,
  /** @param {string} reason @param {string} date */
  reasonSince: (reason, date) => `${reason} Since ${date}.`,
  /** @param {string} version */
  agent: (version) => `Agent ${version}.`,
  /** @param {number} count */
  dropped: (count) => `${plural(count, "1 reading was", "# readings were")} dropped: the buffer was full.`,
};

export const eventTexts = {
  title: "Phantoms found",
  none: "None so far. A phantom is a small draw that stays while nobody uses the appliance.",
  switchOff: "Switch off",
  /** @type {Record<string, string>} */
  cutOutcomes: {
    sent: "cutting…",
    obeyed: "switched off; waiting for the next reading",
    confirmed: "cut, and the power dropped",
    contradicted: "switched off, but it still draws power",
    refused: "not cut: it was in use, or the command arrived too late",
    undone: "cut, then you switched it on again",
  },
  /** @type {Record<string, string>} */
  otherActions: { notified: "notified", observed: "logged" },
  /** @param {string} action */
  endedByUse: (action) => `${action}; it is in use again`,
};

export const verdictTexts = {
  question: "Was this right?",
  right: "Right",
  wrong: "Wrong",
  /** @param {string} verdict */
  given: (verdict) => `You said: ${verdict}`,
  effects: {
    cutNow: "“Wrong” switches the outlet back on at once and makes later cuts of it wait longer.",
    cutEarlier: "“Wrong” makes later cuts of this outlet wait longer. Nothing is switched now.",
    notCut: "Your answer is saved. Nothing is switched.",
  },
};
