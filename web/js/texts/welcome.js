/** Texts before anybody is signed in, of links that were mailed, and of pairing. */

import { credentialTexts } from "./common.js";

export const welcomeTexts = {
  title: "Welcome",
  brand: "Ghostwatt",
  motto: "Let the house sleep when you do.",
  pitch: "Finds the power that appliances draw while nobody uses them, and cuts it at the outlet.",
  password: "Password",
  /** @param {string} code */
  waitingCode: (code) => `Then you can pair the Pi with the code ${code}.`,
  login: { title: "Log in", action: "Log in", question: "New here?", other: "Make an account" },
  signup: { title: "Make an account", action: "Sign up", question: "Have an account?", other: "Log in" },
  forgot: "Forgot your password?",
  mailLink: "Mail me a link",
  backToLogin: "Back to log in",
  /** @param {string} email */
  linkMailed: (email) => `If ${email} has an account, a link is on its way. It is valid for 30 minutes.`,
};

export const mailLinkTexts = {
  confirmTitle: "Confirm your e-mail address",
  confirmText: "Then Ghostwatt can send you notifications by e-mail.",
  confirm: "Confirm",
  confirmed: "Your address is confirmed.",
  resetTitle: "Choose a new password",
  newPassword: "New password",
  newPasswordHint: `${credentialTexts.passwordRule} You are logged out everywhere, and all API tokens end.`,
  savePassword: "Save the password",
  passwordChanged: "Your password is changed.",
  continue: "Continue",
};

export const pairingTexts = {
  title: "Pair a Pi",
  run: ["Run ", " on the Pi and type the code that it shows."],
  noCode: "You cannot see the Pi's terminal?",
  localWay: ["The Pi shows its code on a page of its own, while ", " is running on it and both are in the same network."],
  piHost: "Name or address of the Pi",
  openPi: "Open the Pi's page",
  code: "Code",
  codePlaceholder: "ABCD-2345",
  find: "Find my Pi",
  question: "Is this your Pi?",
  instruction: "Approve only if the Pi in front of you shows this id and this code:",
  device: "Device",
  name: "What do you call it?",
  defaultName: "My Pi",
  approve: "Approve",
  deny: "Decline",
  declined: "Pairing declined",
  declinedText: "Nothing was paired. To pair this Pi after all, ask it for a new code.",
  alreadyDeclined: "This code was declined",
  alreadyApproved: "This code was already approved",
  alreadyApprovedText: "It was used to pair a Pi. Each code works once: to pair another Pi, ask it for a code of its own.",
  notFound: "No Pi is waiting with this code. Check it, or run ghostwatt-pi claim again: a code expires after 10 minutes.",
  anotherCode: "Try another code",
  toHome: "To my home",
  /** @param {string} name */
  paired: (name) => `${name} is paired`,
  firstOutlet: "Which appliance is on its first channel? Add one outlet for each.",
  nextOutlet: "Add another one?",
  /** @param {string} name @param {number} channel */
  onChannel: (name, channel) => `${name} on channel ${channel}`,
  later: "Later",
};
