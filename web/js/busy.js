/** Buttons that work: they say so, keep the focus, and take no second press meanwhile. */

/** Run it with the button marked as busy; nothing happens if it is so already. */
export async function whileBusy(button, run) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await run();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
