/** The phantoms that were found, the newest first, and the outcome of each. */

import { loadEventsUpTo, state, switchPort } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { eventTexts } from "../../texts/home.js";
import { actionButton } from "../../ui/controls.js";
import { html, reconcileList, setText } from "../../ui/dom.js";
import { attempt } from "../../ui/feedback.js";
import { agoText, dateText } from "../../ui/format.js";
import { eventVerdict } from "./event_verdict.js";

/** @import { PhantomEvent, RelayState } from "../../api/types.d.ts" */
/** @import { Part } from "../../ui/types.d.ts" */

const FIRST = 6;
const MORE = 12;

/**
 * Make the list.
 * @returns {{ node: HTMLElement, update: () => void }}
 */
export function eventList() {
  /** @type {Map<string, Part<PhantomEvent>>} */
  const parts = new Map();
  const list = html("ol", { class: "events" });
  const none = html("p", { class: "empty small" }, eventTexts.none);
  const more = actionButton(commonTexts.showMore, "soft", () => attempt(showMore));
  const node = html("section", { class: "aside", "aria-labelledby": "events" },
    html("h2", { id: "events" }, eventTexts.title), none, list, more);
  let shown = FIRST;

  function update() {
    none.hidden = state.events.length > 0;
    reconcileList(list, parts, state.events.slice(0, shown), (event) => event.eventId, eventItem);
    more.hidden = state.events.length <= shown && !state.eventsCursor;
  }

  async function showMore() {
    await loadEventsUpTo(shown + MORE);
    const firstNew = state.events[shown]?.eventId;
    shown += MORE;
    update();
    parts.get(firstNew)?.node.focus();
  }

  return { node, update };
}

/**
 * @param {PhantomEvent} event
 * @returns {Part<PhantomEvent>}
 */
function eventItem({ eventId, portId }) {
  /** @type {RelayState | null} */
  let offer = null;
  const name = html("a", { href: `#/port/${portId}` });
  const [when, reason] = [html("time"), html("p", { class: "reason" })];
  const outcome = html("p", { class: "outcome", role: "status" });
  const act = actionButton("", "soft", () => attempt(async () => {
    if (offer) await switchPort(portId, offer);
  }));
  const verdict = eventVerdict(eventId);
  const node = html("li", { class: "event", tabindex: -1 },
    html("header", {}, html("h3", {}, name), when), reason, html("footer", {}, outcome, act), verdict.node);

  /** @param {PhantomEvent} event */
  function update(event) {
    offer = offerOf(event);
    Object.assign(node.dataset, { outcome: event.outcome ?? "none", over: !offer });
    setText(name, event.portName);
    setText(reason, event.reason);
    setText(outcome, outcomeText(event));
    setText(when, agoText(event.detectedAt));
    when.dateTime = event.detectedAt;
    when.title = dateText(event.detectedAt);
    act.hidden = !offer;
    if (offer) setText(act, offer === "on" ? commonTexts.undo : eventTexts.switchOff);
    verdict.update(event, offer === "on");
  }

  return { node, update };
}

/** @param {PhantomEvent} event */
function outcomeText({ actionTaken, outcome, endedAt }) {
  if (actionTaken === "auto_cut") return eventTexts.cutOutcomes[outcome ?? "sent"];
  const action = eventTexts.otherActions[actionTaken];
  return endedAt ? eventTexts.endedByUse(action) : action;
}

/**
 * Say what the button of an event does: "on" undoes a cut that still holds, "off" cuts what was only notified.
 * @param {PhantomEvent} event
 * @returns {RelayState | null} null: no button; only the port's newest event has one
 */
function offerOf(event) {
  const port = state.ports.get(event.portId);
  if (!port || state.events.find(({ portId }) => portId === event.portId) !== event) return null;
  if (event.actionTaken === "auto_cut") return port.relay.desired === "off" ? "on" : null;
  return !event.endedAt && !port.neverCut && port.relay.desired === "on" ? "off" : null;
}
