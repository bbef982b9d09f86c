/** A person says whether a phantom event was right or wrong; what that does is said before. */

import { judgeEvent } from "../../store/home.js";
import { html, setText } from "../../ui/dom.js";
import { attempt } from "../../ui/feedback.js";

/** {node, update(event, {stillCut})}: stillCut tells whether the event's cut still holds. */
export function verdict(eventId) {
  const [asked, effect] = [html("summary"), html("p", { class: "hint" })];
  const buttons = ["right", "wrong"].map((word) =>
    html("button", { type: "button", class: "soft", data: { verdict: word }, on: { click: () => judge(word) } }, word === "right" ? "Right" : "Wrong"));
  const node = html("details", { class: "verdict" }, asked, effect, html("div", { class: "actions" }, buttons));

  async function judge(word) {
    if (node.hasAttribute("aria-busy")) return;
    node.setAttribute("aria-busy", "true"); // a disabled button would lose the focus
    await attempt(() => judgeEvent(eventId, word));
    node.removeAttribute("aria-busy");
  }

  function update(event, { stillCut }) {
    setText(asked, event.verdict ? `You said: ${event.verdict}` : "Was this right?");
    setText(effect, effectWords(event, stillCut));
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.verdict === event.verdict);
  }

  return { node, update };
}

function effectWords({ actionTaken }, stillCut) {
  if (stillCut) return "“Wrong” switches the outlet on again at once, and later cuts of it wait longer.";
  if (actionTaken === "auto_cut") return "“Wrong” makes later cuts of this outlet wait longer. Nothing is switched now.";
  return "Your answer is kept with it. Nothing is switched.";
}
