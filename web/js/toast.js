/** Short messages in the corner, read out politely by screen readers. */

import { h } from "./dom.js";

const SHOWN_MS = 6_000;

/** Say it for some seconds; tone is calm or problem. */
export function say(text, tone = "calm") {
  const toast = h("p", { class: "toast", data: { tone } }, text);
  document.querySelector("[data-part=toasts]").append(toast);
  setTimeout(() => toast.remove(), SHOWN_MS);
}

/** Do it, and say what went wrong if it does; true when it worked. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    say(error.message, "problem");
    return false;
  }
}
