/** A person says whether a phantom event was right or wrong. The effect is said before. */

import { giveFeedback } from "../../store/home.js";
import { verdictTexts } from "../../texts/home.js";
import { html, setText } from "../../ui/dom.js";
import { attempt, withBusyState } from "../../ui/feedback.js";

/** @import { PhantomEvent, Verdict } from "../../api/types.d.ts" */

/** @type {Verdict[]} */
const VERDICTS = ["right", "wrong"];

/**
 * Make the question of an event.
 * @param {string} eventId
 * @returns {{ node: HTMLElement, update: (event: PhantomEvent, isStillCut: boolean) => void }}
 */
export function eventVerdict(eventId) {
  const [question, effect] = [html("summary"), html("p", { class: "hint" })];
  const buttons = VERDICTS.map((verdict) =>
    html("button", { type: "button", class: "soft", data: { verdict }, on: { click: () => give(verdict) } }, verdictTexts[verdict]));
  const node = html("details", { class: "verdict" }, question, effect, html("div", { class: "actions" }, buttons));

  /**
   * @param {Verdict} verdict
   * @returns {Promise<void>}
   */
  async function give(verdict) {
    await withBusyState(node, () => attempt(() => giveFeedback(eventId, verdict))); // a disabled button would lose the focus
  }

  /**
   * @param {PhantomEvent} event
   * @param {boolean} isStillCut whether the event's cut still holds
   */
  function update(event, isStillCut) {
    setText(question, event.verdict ? verdictTexts.given(verdictTexts[event.verdict].toLowerCase()) : verdictTexts.question);
    setText(effect, effectText(event, isStillCut));
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.verdict === event.verdict));
  }

  return { node, update };
}

/**
 * @param {PhantomEvent} event
 * @param {boolean} isStillCut
 */
function effectText({ actionTaken }, isStillCut) {
  if (isStillCut) return verdictTexts.effects.cutNow;
  return actionTaken === "auto_cut" ? verdictTexts.effects.cutEarlier : verdictTexts.effects.notCut;
}
