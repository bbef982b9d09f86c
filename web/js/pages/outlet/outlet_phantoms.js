/** The phantoms of one outlet, newest first, as a table. */

import * as api from "../../api/client.js";
import { currentAccount, state } from "../../store/home.js";
import { phantomTexts } from "../../texts/outlet.js";
import { table } from "../../ui/charts/tables.js";
import { html } from "../../ui/dom.js";
import { durationText, timeText, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";

/** @import { PhantomEvent } from "../../api/types.d.ts" */
/** @import { OutletPart } from "./outlet_page.js" */

const SHOWN = 12;

/**
 * Make the card. It is fetched again when the newest events of the home say something new of this outlet.
 * @param {string} portId
 * @returns {OutletPart}
 */
export function outletPhantoms(portId) {
  const rows = table(phantomTexts.title, phantomTexts.columns);
  const none = html("p", { class: "empty small" }, phantomTexts.none);
  let shown = "";
  const part = loader({
    content: html("div", {}, none, rows.node),
    waiting: phantomTexts.loading,
    fetchIt: () => api.eventsOfPort(portId, SHOWN),
    show: (events) => {
      none.hidden = events.length > 0;
      rows.node.hidden = events.length === 0;
      rows.update(events.map(eventRow));
    },
  });
  const node = html("section", { class: "card stack", "aria-labelledby": "phantoms" },
    html("h2", { id: "phantoms" }, phantomTexts.title), part.node);

  return {
    node,
    update(_, freshMs) {
      const events = state.events.filter((event) => event.portId === portId);
      const newest = events.map(({ eventId, outcome, endedAt }) => [eventId, outcome, endedAt]).join();
      part.refreshAfter(newest === shown ? freshMs : 0);
      shown = newest;
    },
  };
}

/** @param {string} iso */
const shortTime = (iso) =>
  html("time", { datetime: iso }, timeText(Date.parse(iso), currentAccount().timezone, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }));

/** @param {PhantomEvent} event */
const eventRow = ({ detectedAt, detectedPower, startedAt, actionTaken, outcome, endedAt }) => [
  shortTime(detectedAt),
  wattsText(detectedPower),
  durationText(Date.parse(detectedAt) - Date.parse(startedAt)),
  actionTaken === "auto_cut" ? phantomTexts.cutOutcomes[outcome ?? "sent"] : phantomTexts.otherActions[actionTaken],
  endedAt ? shortTime(endedAt) : phantomTexts.stillThere,
];
