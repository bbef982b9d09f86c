/** A secret that is shown once: to be copied, then gone with the dialog around it. */

import { h, setText } from "./dom.js";

const ONCE = "It is shown now and never again.";

/** The nodes; `done` is called when the person has it. */
export function shownOnce(label, secret, done) {
  const field = h("input", { readonly: true, value: secret, class: "key", "aria-label": label });
  const told = h("p", { class: "hint", role: "status" }, ONCE);
  async function copy() {
    field.select();
    if (!navigator.clipboard) return setText(told, "Selected: copy it with Ctrl+C or ⌘C."); // plain http from another machine
    await navigator.clipboard.writeText(secret);
    setText(told, `Copied. ${ONCE}`);
  }
  return h("div", { class: "stack" }, field, told,
    h("div", { class: "actions" },
      h("button", { type: "button", class: "quiet", on: { click: copy } }, "Copy"),
      h("button", { type: "button", class: "primary", on: { click: done } }, "Done")));
}
