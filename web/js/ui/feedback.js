/** Short messages in the corner, read out politely by screen readers. */

import { html } from "./dom.js";

const SHOWN_MS = 6_000;

/** Say it for some seconds; tone is calm or problem. */
export function showToast(text, tone = "calm") {
  const toast = html("p", { class: "toast", data: { tone } }, text);
  document.querySelector("[data-part=toasts]").append(toast);
  setTimeout(() => toast.remove(), SHOWN_MS);
}

/** Do it, and say what went wrong if it does; true when it worked. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    showToast(error.message, "problem");
    return false;
  }
}

/** Run it with the button marked as busy; nothing happens if it is so already. */
export async function withBusyState(button, run) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await run();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
