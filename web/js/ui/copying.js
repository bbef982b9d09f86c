/** Buttons that copy what is shown. */

import { commonTexts } from "../texts/common.js";
import { html } from "./dom.js";
import { showToast } from "./feedback.js";

/**
 * Make a button that copies the text of a node. Where the browser does not allow it, it selects the text.
 * @param {string} label what it copies, for screen readers
 * @param {Element} source
 * @returns {HTMLButtonElement}
 */
export function copyButton(label, source) {
  async function copy() {
    getSelection()?.selectAllChildren(source);
    if (!navigator.clipboard) { // plain http from another machine
      showToast(commonTexts.selectedToCopy);
      return;
    }
    await navigator.clipboard.writeText(source.textContent ?? "");
    showToast(commonTexts.copiedText);
  }

  return html("button", { type: "button", class: "quiet copy", "aria-label": label, on: { click: copy } }, commonTexts.copy);
}
