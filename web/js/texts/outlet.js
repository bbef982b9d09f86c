/** Texts about one outlet: its card, its page and its form. */

import { plural } from "./common.js";

/** @import { Policy, Port } from "../api/types.d.ts" */

export const outletTexts = {
  title: "Outlet",
  allOutlets: "‹ All outlets",
  gone: "This outlet no longer exists.",
  /** @param {number} channel */
  channel: (channel) => `channel ${channel}`,
  more: "More for this outlet",
  actions: { open: "History and energy", change: "Change…", remove: "Delete…" },
  neverCut: "never cut",
  /** @type {Record<Policy, string>} */
  badges: { observe: "watch only", notify: "notifies you", cut: "auto-cut" },
  /** @type {Record<Policy, [title: string, sentence: string]>} */
  policies: {
    observe: ["Only watch", "Log phantoms. No notifications, no switching."],
    notify: ["Notify me", "Send a notification and leave the decision to me."],
    cut: ["Cut it", "Switch the outlet off when only a phantom is left. One tap undoes it."],
  },
};

export const outletNowTexts = {
  noReading: "no reading yet",
  /** @type {Record<Port["status"], string>} */
  status: { active: "in use", standby: "standby", off: "off", silent: "silent" },
  /** @param {string} ago */
  silent: (ago) => `silent: last reading ${ago}`,
  staysOn: "This outlet is never cut. Change that setting before you switch it off.",
  cut: "cut",
  drawsPower: "off, but still draws power",
  waiting: "waiting for the Pi",
  /** @param {string} state */
  switching: (state) => `switching ${state}…`,
  /** @param {string} state @param {string} reason */
  stayed: (state, reason) => `stayed ${state}: ${reason}`,
  /** @type {Record<string, string>} reasons for which a device refuses a command */
  refusals: {
    in_use: "it is in use", expired: "the command was too old", never_cut: "it is never cut",
    failed: "the relay does not respond", not_cut: "power still flows",
  },
  refusedUnknown: "the Pi could not switch it",
  /** @type {Record<string, string>} what else than a command switched the outlet */
  switchedLocally: { by_hand: "switched at the Pi", at_plug: "switched at the plug", safe_state: "its safe state" },
};

export const outletFormTexts = {
  name: "Name",
  namePlaceholder: "Living-room television",
  kind: "Kind of appliance",
  channel: "Channel on the meter",
  policy: "When a phantom is found",
  neverCut: "Never cut this outlet",
  neverCutHint: "Nothing switches it off, not even you by mistake.",
  fineTuning: "Fine tuning",
  learned: "learned",
  threshold: "Phantom below (watts)",
  dwell: "Wait before acting (minutes)",
  fineTuningHint: "Leave both empty to learn them from the outlet.",
  add: "Add outlet",
  addTitle: "Add an outlet",
  /** @param {string} name */
  added: (name) => `${name} was added.`,
  /** @param {string} name */
  changeTitle: (name) => `Change ${name}`,
  /** @param {string} name */
  deleteTitle: (name) => `Delete ${name}?`,
  deleteText: "This deletes its settings, its readings and everything learned about it. The outlet itself stays as it is switched.",
  delete: "Delete outlet",
};

export const powerTexts = {
  title: "Power",
  rangeLabel: "Time shown",
  ranges: { "1h": "1 hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days" },
  resolutions: { raw: "each reading", "5m": "5-minute averages", "1h": "hourly averages", "1d": "daily averages" },
  loading: "Loading readings…",
  empty: "Nothing was measured in this time.",
  saveCsv: "Save as CSV",
  table: "Power over time",
  columns: ["From", "Average", "Lowest", "Highest"],
  legend: { power: "power", range: "lowest to highest", cut: "off by a cut" },
  emptyLabel: "Power over time: nothing was measured",
  /** @param {string} low @param {string} high @param {number} cuts */
  label: (low, high, cuts) => `Power over time, from ${low} to ${high}; ${cuts === 0 ? "never cut" : `cut ${plural(cuts, "once", "# times")}`}`,
  /** @param {string} resolution @param {string} timeZone @param {number} cuts */
  note: (resolution, timeZone, cuts) =>
    `Shown: ${resolution}; times in ${timeZone}. ${cuts === 0 ? "No cut" : plural(cuts, "One cut", "# cuts")} in this time.`,
  /** @param {string} low @param {string} high */
  range: (low, high) => `${low} to ${high}`,
};

export const dailyEnergyTexts = {
  title: "Energy by day",
  loading: "Adding up the days…",
  columns: ["Day", "Used", "Standby", "Saved", "Cost", "Measured"],
  empty: "Nothing was measured in these days.",
  /** @param {{ kwh: string, days: number, cost: string, standby: string, saved: string }} sums */
  sum: ({ kwh, days, cost, standby, saved }) => `${kwh} in ${days} days for ${cost}; ${standby} of it standby, ${saved} saved.`,
  /** @param {number} count */
  partly: (count) => `${plural(count, "One day was", "# days were")} not fully measured. Gaps are left out: see the table for coverage.`,
};

export const phantomTexts = {
  title: "Phantoms of this outlet",
  columns: ["Found", "Standby", "Lasted", "Outcome", "Until"],
  loading: "Loading the phantoms…",
  none: "None so far. A phantom is a small draw that stays while nobody uses the appliance.",
  stillThere: "now",
  /** @type {Record<string, string>} */
  cutOutcomes: {
    sent: "cutting…", obeyed: "switched off", confirmed: "cut", contradicted: "still drew power", refused: "not cut", undone: "cut, then undone",
  },
  /** @type {Record<string, string>} */
  otherActions: { notified: "notified", observed: "logged" },
};

export const detectorTexts = {
  title: "Why the detector decides this way",
  loading: "Asking the detector…",
  off: "It is switched off. There is nothing to decide until it is on again.",
  powers: "Measured power levels",
  table: "Time spent at each power",
  columns: ["Power", "Time", "Share"],
  facts: {
    threshold: "Counts as standby", standby: "Standby of this outlet", use: "Use starts", dwell: "Waits before acting",
    observed: "Measured for", idle: "Idle so far", pace: "Readings come",
  },
  sources: {
    given: "set by you",
    learned: "learned from its readings",
    kind: "typical for this kind, until more is measured",
    default: "until more is measured",
    none: "it has been on all the time so far",
  },
  /** @param {string} watts @param {string} source */
  below: (watts, source) => `below ${watts} (${source})`,
  /** @param {string} source */
  nothingYet: (source) => `nothing yet: ${source}`,
  /** @param {string} watts */
  upTo: (watts) => `up to about ${watts}`,
  /** @param {string} watts */
  atAbout: (watts) => `at about ${watts}`,
  /** @param {number} runs @param {string} duration */
  idleRuns: (runs, duration) => `${plural(runs, "once", "# times")}, typically for ${duration}`,
  /** @param {number} seconds */
  apart: (seconds) => `${seconds} s apart, which is too slow unless they say how long they held`,
  /** @param {string} from @param {string} to */
  fromTo: (from, to) => `${from} to ${to}`,
};

export const backtestTexts = {
  title: "What would cuts save?",
  run: "Try it on the past",
  adopt: "Cut it from now on",
  adopted: "From now on it is cut in standby. One tap undoes a cut.",
  table: "Cuts that would have been made",
  columns: ["When", "Standby", "Until", "Saved", "Verdict"],
  running: "Replaying the readings…",
  stillOff: "still off",
  wrong: "wrong",
  neverCut: "This outlet is never cut, so there is nothing to try.",
  about: "Replays the stored readings through the detector. Nothing is switched.",
  aboutWithCuts: "Replays the stored readings through the detector, in addition to the cuts that were made. Nothing is switched.",
  /** @param {number} days */
  noReadings: (days) => `There are no readings of the last ${days} days.`,
  /** @param {number} days */
  noCuts: (days) => `It would not have been cut in the last ${days} days.`,
  /** @param {number} cuts @param {number} days */
  basis: (cuts, days) => `${plural(cuts, "One cut", "# cuts")} in the last ${days} days would have saved this, at your price per kWh.`,
  /** @param {number} count */
  wrongCuts: (count) =>
    (count === 0 ? "None of them would have been wrong." : `${count.toLocaleString()} of them would have been wrong: the appliance was used soon after.`),
};
