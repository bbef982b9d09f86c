/** The phantoms that were found, the newest first, and what became of each. */

import { loadEventsUpTo, state, switchPort } from "../../store/home.js";
import { html, reconcileList, setText } from "../../ui/dom.js";
import { attempt, withBusyState } from "../../ui/feedback.js";
import { agoText, dateText } from "../../ui/format.js";
import { verdict } from "./event_verdict.js";

const FIRST = 6;
const MORE = 12;
const CUT_WORDS = {
  sent: "cutting…",
  obeyed: "switched off; the watts will tell",
  confirmed: "cut, and the watts fell",
  contradicted: "switched off, yet it still draws power",
  refused: "not cut: the Pi saw it in use or was asked too late",
  undone: "cut, then you switched it on again",
};
const TOLD_WORDS = { notified: "you were told", observed: "written down" };

/** {node, update()}. */
export function eventList() {
  const parts = new Map();
  const list = html("ol", { class: "events" });
  const none = html("p", { class: "empty small" },
    "None so far. A phantom is a small draw that stays while nobody uses the appliance.");
  const more = html("button", { type: "button", class: "soft", on: { click: () => withBusyState(more, () => attempt(showMore)) } }, "Show more");
  const node = html("section", { class: "aside", "aria-labelledby": "events" },
    html("h2", { id: "events" }, "Phantoms found"), none, list, more);
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

function eventItem({ eventId, portId }) {
  const name = html("a", { href: `#/port/${portId}` });
  const [when, reason] = [html("time"), html("p", { class: "reason" })];
  const outcome = html("p", { class: "outcome", role: "status" });
  const act = html("button", { type: "button", class: "soft", on: { click: () => withBusyState(act, switchIt) } });
  const switchIt = () => attempt(() => switchPort(portId, act.dataset.to));
  const judged = verdict(eventId);
  const node = html("li", { class: "event", tabindex: -1 }, html("header", {}, html("h3", {}, name), when), reason, html("footer", {}, outcome, act), judged.node);

  function update(event) {
    const offer = offerOf(event);
    Object.assign(node.dataset, { outcome: event.outcome ?? "none", over: !offer });
    setText(name, event.portName);
    setText(reason, event.reason);
    setText(outcome, outcomeWords(event));
    setText(when, agoText(event.detectedAt));
    when.dateTime = event.detectedAt;
    when.title = dateText(event.detectedAt);
    act.hidden = !offer;
    if (offer) setText(act, (act.dataset.to = offer) === "on" ? "Undo" : "Switch off");
    judged.update(event, { stillCut: offer === "on" });
  }

  return { node, update };
}

function outcomeWords({ actionTaken, outcome, endedAt }) {
  if (actionTaken === "auto_cut") return CUT_WORDS[outcome ?? "sent"];
  return endedAt ? `${TOLD_WORDS[actionTaken]}; it is in use again` : TOLD_WORDS[actionTaken];
}

/** "on" undoes a cut that still holds, "off" does what a notification suggests; only for the port's newest event. */
function offerOf(event) {
  const port = state.ports.get(event.portId);
  if (!port || state.events.find(({ portId }) => portId === event.portId) !== event) return null;
  if (event.actionTaken === "auto_cut") return port.relay.desired === "off" ? "on" : null;
  return !event.endedAt && !port.neverCut && port.relay.desired === "on" ? "off" : null;
}
