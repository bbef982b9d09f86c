/** Modal dialogs on <dialog>: the browser keeps the focus inside, Escape closes, the focus goes back afterwards. */

import { html, setText } from "./dom.js";
import { form } from "./form.js";

let count = 0;

/** Open a dialog around the nodes that `content(close)` makes. Its nodes are gone once it is closed. */
export function openDialog(title, content) {
  const headingId = `dialog-${++count}`;
  const dialog = html("dialog", { "aria-labelledby": headingId });
  const close = () => {
    dialog.close();
    dialog.remove(); // now: the close event, which sees to Escape, comes a moment later
  };
  dialog.append(
    html("header", {},
      html("h2", { id: headingId }, title),
      html("button", { type: "button", class: "close", "aria-label": "Close", on: { click: close } }, "×")),
    ...[content(close)].flat(),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Ask before something that cannot be undone. */
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

const ONCE = "It is shown now and never again.";

/** The nodes; `done` is called when the person has it. */
export function oneTimeSecret(label, secret, done) {
  const field = html("input", { readonly: true, value: secret, class: "key", "aria-label": label });
  const told = html("p", { class: "hint", role: "status" }, ONCE);
  async function copy() {
    field.select();
    if (!navigator.clipboard) return setText(told, "Selected: copy it with Ctrl+C or ⌘C."); // plain http from another machine
    await navigator.clipboard.writeText(secret);
    setText(told, `Copied. ${ONCE}`);
  }
  return html("div", { class: "stack" }, field, told,
    html("div", { class: "actions" },
      html("button", { type: "button", class: "quiet", on: { click: copy } }, "Copy"),
      html("button", { type: "button", class: "primary", on: { click: done } }, "Done")));
}
