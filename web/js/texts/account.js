/** Texts of the account: money and time, tariffs, export, password, sessions, two-step log-in, deletion. */

import { credentialTexts, plural } from "./common.js";

export const accountTexts = {
  title: "Account",
  logOut: "Log out",
  money: "Money, time and readings",
  tariffs: "Tariffs",
  notifications: "Notifications",
  notificationsText: "By page, e-mail or webhook, with quiet hours.",
  notificationSettings: "Notification settings",
  export: "Take your data with you",
  password: "Password",
  totp: "Two-step log-in",
  sessions: "Where you are signed in",
  leave: "Leave Ghostwatt",
  leaveText: "Deletes the account, its devices and all readings. This cannot be undone.",
  deleteAccount: "Delete account…",
  deleteTitle: "Delete the account?",
  /** @param {string} email */
  deleteText: (email) => `Deletes the account ${email}. Your devices stop working at once, and all stored data is deleted.`,
  deleteEverything: "Delete everything",
  confirmTitle: "Confirm your e-mail address",
  /** @param {string} email */
  confirmText: (email) => `A link was mailed to ${email}. Nothing else is mailed there until you follow it.`,
  resend: "Send the link again",
  resent: "The link is on its way.",
};

export const moneyTexts = {
  price: "Price per kWh",
  currency: "Currency",
  currencyRule: "Three letters, such as EUR",
  co2: "Grams of CO₂ per kWh",
  timeZone: "Time zone",
  retention: "Days to keep each reading",
  retentionHint: "Five-minute values are kept for 13 months, hourly and daily values forever.",
};

export const passwordTexts = {
  current: "Current password",
  new: "New password",
  hint: `${credentialTexts.passwordRule} All other sessions and all API tokens end.`,
  change: "Change password",
  changed: "The password is changed. All other sessions and all API tokens have ended.",
};

export const tariffTexts = {
  hint: "On days without a tariff, the price above applies.",
  loading: "Loading your tariffs…",
  add: "Add a tariff…",
  addTitle: "Add a tariff",
  change: "Change…",
  remove: "Remove…",
  /** @param {string} name */
  changeLabel: (name) => `Change ${name}`,
  /** @param {string} name */
  removeLabel: (name) => `Remove ${name}`,
  /** @param {string} name */
  removeTitle: (name) => `Remove ${name}?`,
  removeText: "Energy used on its days is then priced at the account's flat price, in past reports too.",
  removeAction: "Remove tariff",
  changedElsewhere: "This tariff was changed in another tab. Please reload the page.",
  /** @param {string} price @param {string} span */
  priceAndSpan: (price, span) => `${price} per kWh, ${span}`,
  /** @param {string} first @param {string} last */
  fromTo: (first, last) => `${first} to ${last}`,
  /** @param {string} first */
  fromOn: (first) => `from ${first}`,
  everyDay: "Every day",
  /** @param {string} days @param {string} from @param {string} to @param {string} price */
  window: (days, from, to, price) => `${days} ${from} to ${to}: ${price}`,
  days: {
    mon: ["Mon", "Monday"], tue: ["Tue", "Tuesday"], wed: ["Wed", "Wednesday"], thu: ["Thu", "Thursday"],
    fri: ["Fri", "Friday"], sat: ["Sat", "Saturday"], sun: ["Sun", "Sunday"],
  },
  name: "Name",
  namePlaceholder: "Night rate 2026",
  price: "Price per kWh",
  firstDay: "First day",
  lastDay: "Last day",
  lastDayHint: "Leave it empty if there is no end yet.",
  endsEarlier: "An earlier tariff without an end then ends the day before.",
  save: "Save tariff",
  addWindow: "Add hours with another price",
  /** @param {number} number */
  windowTitle: (number) => `Hours with another price, ${number}`,
  from: "From",
  until: "Until",
  removeWindow: "Remove these hours",
  chooseDay: "Choose at least one day.",
};

export const exportTexts = {
  about: "A zip with devices, outlets, readings, energy, phantoms and savings.",
  from: "From day",
  to: "To day",
  hint: "Leave a day empty for no limit on that side.",
  formats: "As",
  formatNames: { csv: "CSV, for spreadsheets", jsonl: "JSON lines, for programs" },
  chooseFormat: "Choose at least one format.",
  start: "Make an export",
  download: "Download the zip",
  /** @param {string} from @param {string} to */
  span: (from, to) => `${from} to ${to}`,
  /** @param {string} to */
  until: (to) => `Everything until ${to}`,
  waiting: "waiting to start…",
  running: "collecting your data…",
  /** @param {string} error */
  failed: (error) => `it failed. ${error}`,
  /** @param {string} size @param {string} time */
  ready: (size, time) => `ready, ${size}. This link works until ${time}; it is renewed while this page is open.`,
};

export const sessionTexts = {
  loading: "Loading your sessions…",
  tokenHint: "A token is for a program, such as Grafana or Home Assistant. It never opens your account.",
  makeToken: "Make a token…",
  endOthers: "End all others…",
  this: "this one",
  end: "End…",
  unknownClient: "unknown client",
  badges: { read: "read only", control: "may switch" },
  /** @param {string} ago */
  lastUsed: (ago) => `last used ${ago}`,
  /** @param {string} day */
  made: (day) => `made ${day}`,
  /** @param {string} use @param {string} end */
  tokenDates: (use, end) => `${use}, ends ${end}`,
  /** @param {string} name */
  endLabel: (name) => `End ${name}`,
  /** @param {string} name */
  endTitle: (name) => `End ${name}?`,
  endTokenText: "The program with this token gets no more answers. A token that was ended cannot be brought back.",
  endSessionText: "It is signed out at once.",
  endToken: "End token",
  endSession: "End session",
  endOthersTitle: "End all others?",
  endOthersText: "You stay signed in here only, and all API tokens end: Grafana, Home Assistant and similar programs need new ones.",
  endOthersAction: "End all others",
  makeTitle: "Make a token for a program",
  makeText: "It never opens your account or its settings. You can end it at any time.",
  scope: "What it may do",
  scopes: {
    read: ["Only look", "Your outlets, readings, energy and events."],
    control: ["Look and switch", "Also switches outlets, gives feedback on cuts, and receives live updates."],
  },
  lives: { 30: "in 30 days", 90: "in 90 days", 365: "in a year", 3650: "in ten years" },
  ends: "When it ends",
  passwordHint: "Needed for a token that lives this long.",
  program: "Which program is it for?",
  programPlaceholder: "Grafana",
  make: "Make the token",
  token: "The token",
  /** @param {string} browser @param {string} system */
  browserOn: (browser, system) => `${browser} on ${system}`,
};

export const totpTexts = {
  about: "Log-in then also asks for a code from an authenticator app on your phone. A stolen password alone is not enough.",
  setUp: "Set it up…",
  /** @param {number} count */
  isOn: (count) => `It is on. ${plural(count, "1 recovery code is", "# recovery codes are")} left.`,
  fewCodes: "To get new recovery codes, switch it off and set it up again.",
  switchOff: "Switch it off…",
  setUpTitle: "Set up two-step log-in",
  continue: "Continue",
  scan: "Scan this with your authenticator app, then type the code that it shows.",
  noCamera: "Without a camera",
  secret: "The secret",
  openApp: "Open it in an app on this device",
  switchOn: "Switch it on",
  codes: "Your recovery codes",
  codesText: "Each opens your account once if you lose your phone. They are shown only now: print them, or write them down.",
  haveThem: "I have them",
  offTitle: "Switch two-step log-in off?",
  offAction: "Switch it off",
  isOff: "Two-step log-in is off.",
  qrCode: "QR code",
};
