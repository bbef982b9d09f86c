/** Modal dialogs on <dialog>: the browser keeps the focus inside, Escape closes, the focus goes back afterwards. */

import { h } from "./dom.js";
import { form } from "./form.js";

let count = 0;

/** Open a dialog around the nodes that `content(close)` makes. Its nodes are gone once it is closed. */
export function openDialog(title, content) {
  const headingId = `dialog-${++count}`;
  const dialog = h("dialog", { "aria-labelledby": headingId });
  const close = () => {
    dialog.close();
    dialog.remove(); // now: the close event, which sees to Escape, comes a moment later
  };
  dialog.append(
    h("header", {},
      h("h2", { id: headingId }, title),
      h("button", { type: "button", class: "close", "aria-label": "Close", on: { click: close } }, "×")),
    ...[content(close)].flat(),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Ask before something that cannot be undone. */
export function confirmFirst({ title, text, action, run }) {
  openDialog(title, (close) => [
    h("p", {}, text),
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
