/** Why the detector decides as it does for one outlet, and what it waits for. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { table } from "../../ui/charts/tables.js";
import { html, replaceChildren, setText, svg } from "../../ui/dom.js";
import { durationText, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";

const SOURCE_WORDS = {
  given: "as you set it",
  learned: "learned from its readings",
  kind: "usual for its kind, until more was seen",
  default: "until more was seen",
  none: "it has been on all the time so far",
};
const OFF_WORDS = "It is switched off: nothing to decide until it is on again.";
const MINUTE_MS = 60_000;
const BAR_WIDTH = 120;

/** {node, update(port, freshMs)}. */
export function detectorCard(portId) {
  const [waits, facts] = [html("p", { class: "what" }), html("dl", { class: "pairs" })];
  const seen = table("Time spent by power", ["Power", "Time", "Share"]);
  const powers = html("details", { class: "more" }, html("summary", {}, "What it has seen"), seen.node);
  let said = "";
  const showWaits = () => setText(waits, state.ports.get(portId)?.relay.desired === "off" ? OFF_WORDS : said);
  const part = loader({
    content: html("div", { class: "stack" }, waits, facts, powers),
    waiting: "Asking the detector…",
    fetchIt: () => api.detector(portId),
    show: (answer) => {
      said = answer.waitsFor;
      showWaits();
      replaceChildren(facts, factsOf(answer).map(([term, words]) => html("div", {}, html("dt", {}, term), html("dd", {}, words))));
      powers.hidden = answer.histogram.length === 0;
      seen.update(answer.histogram.map((bar) => powerRow(bar, answer)));
    },
  });
  const node = html("section", { class: "card stack", "aria-labelledby": "detector" }, html("h2", { id: "detector" }, "Why the detector decides so"), part.node);

  function update(_, freshMs) {
    part.refreshAfter(freshMs);
    showWaits();
  }

  return { node, update };
}

function factsOf({ thresholdWatts, source, standbyWatts, gapToWatts, dwellSeconds, observedMinutes, idleRuns, typicalIdleMinutes }) {
  return [
    ["Counts as standby", thresholdWatts === null ? `nothing yet: ${SOURCE_WORDS[source]}` : `below ${wattsText(thresholdWatts)} (${SOURCE_WORDS[source]})`],
    standbyWatts !== null && ["Its standby", `up to about ${wattsText(standbyWatts)}`],
    gapToWatts !== null && ["Its use begins", `at about ${wattsText(gapToWatts)}`],
    ["Waits before acting", durationText(dwellSeconds * 1000)],
    ["Watched for", durationText(observedMinutes * MINUTE_MS)],
    idleRuns > 0 && ["Idle so far", `${idleRuns === 1 ? "once" : `${idleRuns} times`}, typically for ${durationText(typicalIdleMinutes * MINUTE_MS)}`],
  ].filter(Boolean);
}

function powerRow({ fromWatts, toWatts, minutes }, { histogram, thresholdWatts }) {
  const most = Math.max(...histogram.map((bar) => bar.minutes));
  const kind = toWatts <= (thresholdWatts ?? 0) ? "standby" : "use";
  return [
    `${wattsText(fromWatts)} to ${wattsText(toWatts)}`, durationText(minutes * MINUTE_MS),
    svg("svg", { class: "plot share", width: BAR_WIDTH, height: 12, "aria-hidden": "true" },
      svg("rect", { class: kind, width: Math.max(2, (minutes / most) * BAR_WIDTH), height: 12, rx: 3 })),
  ];
}
