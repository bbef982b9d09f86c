/** Texts about energy and money: the pages Energy, Savings and Always on. */

import { plural } from "./common.js";

/** @import { PortEnergy } from "../api/types.d.ts" */

export const energyTexts = {
  title: "Energy",
  pages: { energy: "Energy", savings: "Savings", alwaysOn: "Always on" },
  pagesLabel: "Energy pages",
  barsBy: "Bars by",
  periods: { day: "Days", week: "Weeks", month: "Months" },
  earlier: "Earlier",
  later: "Later",
  loading: "Adding up the energy used…",
  empty: "Nothing was measured in this time. Energy appears here minutes after the first readings of an outlet.",
  byPeriod: "Energy by period",
  byOutlet: "Energy by outlet",
  columns: { period: "Period", outlet: "Outlet", used: "Used", standby: "Standby", saved: "Saved", cost: "Cost" },
  parts: { use: "in use", standby: "standby", saved: "saved by cuts" },
  totals: { used: "Used", standby: "Standby", saved: "Saved by cuts", co2: "CO₂" },
  co2Below: "from the energy used",
  /** @param {string} share */
  ofIt: (share) => `${share} of it`,
  /** @param {PortEnergy} answer @param {(kwh: number) => string} energyText */
  barsLabel: ({ period, total }, energyText) =>
    `Energy by ${period}: ${energyText(total.kwh)} used, ${energyText(total.standbyKwh)} of it standby, ${energyText(total.savedKwh)} saved`,
};

export const savingsTexts = {
  title: "Savings",
  today: "Today",
  thisMonth: "This month",
  thisYear: "This year",
  soFar: "So far",
  savedSoFar: "Saved so far",
  savedThisYear: "Saved this year",
  savedThisMonth: "Saved this month",
  loadingTotals: "Adding up your savings…",
  ledger: "Each cut",
  ledgerRule: "A cut saves the average power before it, for as long as the outlet stays off, at most one day.",
  loadingLedger: "Loading the cuts…",
  emptyLedger: "No cuts yet. When an outlet with the policy “Cut it” is switched off in standby, its savings appear here.",
  endedBy: {
    restored: "switched on again", use: "in use again", limit: "at most one day counts", open: "still off", unknown: "end not known",
  },
  /** @param {string} watts @param {string} duration @param {string} ending */
  entry: (watts, duration, ending) => `${watts} (average before the cut) for ${duration}, ${ending}`,
  whatIf: "What if all outlets were on cut?",
  loadingWhatIf: "Calculating…",
  whatIfColumns: { caption: "Outlet by outlet", outlet: "Outlet", wait: "Wait", cuts: "Cuts", saved: "Saved", money: "Money" },
  whatIfRule:
    "Calculated in steps of five minutes: standby that outlasts the wait would have been cut until the next use. Gaps in the readings do not count.",
  /** @param {number} days @param {string} standby */
  whatIfBasis: (days, standby) => `more would have been saved in the last ${days} days, out of ${standby} drawn in standby.`,
  /** @param {number} days */
  whatIfNothing: (days) => `No standby was drawn in the last ${days} days, so there is nothing more to save yet.`,
  /** @param {string} standby @param {string} reason */
  notCounted: (standby, reason) => ` is not counted (${standby} of standby). ${reason}`,
};

export const alwaysOnTexts = {
  title: "Always on",
  loading: "Analysing the last days and nights…",
  yearly: "Standby in a year",
  night: "Your home at night",
  empty: "No standby was measured in the last week. Outlets appear here once they have been measured for a day.",
  caption: "Standby by outlet",
  columns: ["Outlet", "Standby", "Hours a day", "In a year", "Cost in a year", "Lowest", "What to do"],
  /** @param {number} count 1 to 3 */
  worst: (count) => (count === 1 ? "Your most expensive" : count === 2 ? "Your two most expensive" : "Your three most expensive"),
  /** @param {string} energy @param {number} days */
  yearlyBasis: (energy, days) => `${energy}, if every week is like the last ${days} days`,
  nightUnknown: "needs one night in which every outlet was measured",
  /** @param {number} nights */
  nightBasis: (nights) => `the quietest quarter hour; ${plural(nights, "1 night", "the median of # nights")}`,
  aYear: "a year",
  /** @param {string} watts @param {string} hours */
  hoursADay: (watts, hours) => `${watts} for ${hours} a day`,
  /** @param {string} energy */
  energyAYear: (energy) => `${energy} a year`,
  neverOff: "never off",
};
