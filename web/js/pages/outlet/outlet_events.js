/** The phantoms of one outlet, newest first, as a table. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { table } from "../../ui/charts/tables.js";
import { html } from "../../ui/dom.js";
import { durationText, timeText, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";

const SHOWN = 12;
const CUT_WORDS = {
  sent: "cutting…", obeyed: "switched off", confirmed: "cut", contradicted: "still drew power", refused: "not cut", undone: "cut, then undone",
};
const TOLD_WORDS = { notified: "told", observed: "written down" };

/** {node, update(port, freshMs)}; what the home hears live of its newest events makes this list read again. */
export function eventsOfOutlet(portId) {
  const events = table("Its phantoms", ["Found", "Standby", "Lasted", "Outcome", "Until"]);
  const none = html("p", { class: "empty small" }, "None so far. A phantom is a small draw that stays while nobody uses the appliance.");
  let seen = "";
  const part = loader({
    content: html("div", {}, none, events.node),
    waiting: "Looking for its phantoms…",
    fetchIt: () => api.eventsOfPort(portId, SHOWN),
    show: (found) => {
      none.hidden = found.length > 0;
      events.node.hidden = found.length === 0;
      events.update(found.map(eventRow));
    },
  });

  function update(_, freshMs) {
    const newest = state.events.filter((event) => event.portId === portId).map(({ eventId, outcome, endedAt }) => [eventId, outcome, endedAt]).join();
    part.refreshAfter(newest === seen ? freshMs : 0);
    seen = newest;
  }

  return { node: html("section", { class: "card stack", "aria-labelledby": "phantoms" }, html("h2", { id: "phantoms" }, "Its phantoms"), part.node), update };
}

const shortTime = (iso) => html("time", { datetime: iso }, timeText(Date.parse(iso), state.account.timezone, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }));

const eventRow = ({ detectedAt, detectedPower, startedAt, actionTaken, outcome, endedAt }) => [
  shortTime(detectedAt), wattsText(detectedPower), durationText(Date.parse(detectedAt) - Date.parse(startedAt)),
  actionTaken === "auto_cut" ? CUT_WORDS[outcome ?? "sent"] : TOLD_WORDS[actionTaken], endedAt ? shortTime(endedAt) : "now",
];
