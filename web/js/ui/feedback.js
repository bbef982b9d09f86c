/** What the page says about actions: short messages in the corner, and buttons that are busy. */

import { ApiError } from "../api/http.js";
import { descendant, html } from "./dom.js";

const SHOWN_MS = 6_000;

/**
 * Show a message for some seconds; screen readers read it out politely.
 * @param {string} text
 * @param {"calm" | "problem"} [tone]
 */
export function showToast(text, tone = "calm") {
  const toast = html("p", { class: "toast", data: { tone } }, text);
  descendant(document, "[data-part=toasts]").append(toast);
  setTimeout(() => toast.remove(), SHOWN_MS);
}

/**
 * Run an action, and show what the API refused.
 * @param {() => unknown} action
 * @returns {Promise<boolean>} whether it worked
 */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showToast(error.message, "problem");
    return false;
  }
}

/**
 * Run an action with a button marked as busy. The button keeps the focus and takes no second press meanwhile.
 * @param {Element} button
 * @param {() => unknown} action
 */
export async function withBusyState(button, action) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await action();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
