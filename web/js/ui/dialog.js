/** Modal dialogs on <dialog>: the browser keeps the focus inside, Escape closes, the focus goes back afterwards. */

import { commonTexts } from "../texts/common.js";
import { html, setText } from "./dom.js";
import { form } from "./form.js";

/** @import { Child } from "./types.d.ts" */

let count = 0;

/**
 * Open a dialog. Its nodes are removed once it is closed.
 * @param {string} title
 * @param {(close: () => void) => Child | Child[]} makeContent
 */
export function openDialog(title, makeContent) {
  const headingId = `dialog-${++count}`;
  const dialog = html("dialog", { "aria-labelledby": headingId });
  const close = () => {
    dialog.close();
    dialog.remove(); // at once: the close event, which covers Escape, comes a moment later
  };
  const header = html("header", {},
    html("h2", { id: headingId }, title),
    html("button", { type: "button", class: "close", "aria-label": commonTexts.close, on: { click: close } }, "×"));
  dialog.append(header, ...[makeContent(close)].flat().filter((child) => child !== null && child !== undefined && child !== false));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * Ask before something that cannot be undone.
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.text what it does
 * @param {string} options.action the button's label
 * @param {() => Promise<unknown>} options.run does it; may throw ApiError
 */
export function confirmFirst({ title, text, action, run }) {
  openDialog(title, (close) => [
    html("p", {}, text),
    form({
      fields: [],
      action,
      tone: "danger",
      cancel: close,
      send: async () => {
        await run();
        close();
      },
    }),
  ]);
}

/**
 * Show a secret once: to be copied, then gone with the dialog around it.
 * @param {string} label
 * @param {string} secret
 * @param {() => void} done called when the person has it
 * @returns {HTMLElement}
 */
export function oneTimeSecret(label, secret, done) {
  const field = html("input", { readonly: true, value: secret, class: "key", "aria-label": label });
  const hint = html("p", { class: "hint", role: "status" }, commonTexts.shownOnce);

  async function copy() {
    field.select();
    if (!navigator.clipboard) {
      setText(hint, commonTexts.selectedToCopy); // plain http from another machine
      return;
    }
    await navigator.clipboard.writeText(secret);
    setText(hint, commonTexts.copied);
  }

  return html("div", { class: "stack" }, field, hint,
    html("div", { class: "actions" },
      html("button", { type: "button", class: "quiet", on: { click: copy } }, commonTexts.copy),
      html("button", { type: "button", class: "primary", on: { click: done } }, commonTexts.done)));
}
