/** The reasons of the detector for one outlet, and what it waits for. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { detectorTexts } from "../../texts/outlet.js";
import { table } from "../../ui/charts/tables.js";
import { html, replaceChildren, setText, svg } from "../../ui/dom.js";
import { durationText, wattsText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";

/** @import { DetectorReport } from "../../api/types.d.ts" */
/** @import { OutletPart } from "./outlet_page.js" */

const MINUTE_MS = 60_000;
const BAR_WIDTH = 120;

/**
 * Make the card.
 * @param {string} portId
 * @returns {OutletPart}
 */
export function detectorCard(portId) {
  const [waits, facts] = [html("p", { class: "what" }), html("dl", { class: "pairs" })];
  const levels = table(detectorTexts.table, detectorTexts.columns);
  const powers = html("details", { class: "more" }, html("summary", {}, detectorTexts.powers), levels.node);
  let waitsFor = "";
  const showWaits = () => setText(waits, state.ports.get(portId)?.relay.desired === "off" ? detectorTexts.off : waitsFor);
  const part = loader({
    content: html("div", { class: "stack" }, waits, facts, powers),
    waiting: detectorTexts.loading,
    fetchIt: () => api.detector(portId),
    show: (report) => {
      ({ waitsFor } = report);
      showWaits();
      replaceChildren(facts, factsOf(report).map(([term, text]) => html("div", {}, html("dt", {}, term), html("dd", {}, text))));
      powers.hidden = report.histogram.length === 0;
      levels.update(report.histogram.map((bin) => levelRow(bin, report)));
    },
  });
  const node = html("section", { class: "card stack", "aria-labelledby": "detector" },
    html("h2", { id: "detector" }, detectorTexts.title), part.node);

  return {
    node,
    update(_, freshMs) {
      part.refreshAfter(freshMs);
      showWaits();
    },
  };
}

/**
 * @param {DetectorReport} report
 * @returns {[term: string, text: string][]}
 */
function factsOf({ thresholdWatts, source, standbyWatts, gapToWatts, dwellSeconds, observedMinutes, idleRuns, typicalIdleMinutes,
  readingsApartSeconds }) {
  const { facts, sources } = detectorTexts;
  /** @type {[term: string, text: string][]} */
  const rows = [[
    facts.threshold,
    thresholdWatts === null ? detectorTexts.nothingYet(sources[source]) : detectorTexts.below(wattsText(thresholdWatts), sources[source]),
  ]];
  if (standbyWatts !== null) rows.push([facts.standby, detectorTexts.upTo(wattsText(standbyWatts))]);
  if (gapToWatts !== null) rows.push([facts.use, detectorTexts.atAbout(wattsText(gapToWatts))]);
  rows.push([facts.dwell, durationText(dwellSeconds * 1000)], [facts.observed, durationText(observedMinutes * MINUTE_MS)]);
  if (idleRuns > 0) rows.push([facts.idle, detectorTexts.idleRuns(idleRuns, durationText(typicalIdleMinutes * MINUTE_MS))]);
  if (readingsApartSeconds !== null) rows.push([facts.pace, detectorTexts.apart(readingsApartSeconds)]);
  return rows;
}

/**
 * @param {DetectorReport["histogram"][number]} bin
 * @param {DetectorReport} report
 */
function levelRow({ fromWatts, toWatts, minutes }, { histogram, thresholdWatts }) {
  const most = Math.max(...histogram.map((bin) => bin.minutes));
  const kind = toWatts <= (thresholdWatts ?? 0) ? "standby" : "use";
  return [
    detectorTexts.fromTo(wattsText(fromWatts), wattsText(toWatts)), durationText(minutes * MINUTE_MS),
    svg("svg", { class: "plot share", width: BAR_WIDTH, height: 12, "aria-hidden": "true" },
      svg("rect", { class: kind, width: Math.max(2, (minutes / most) * BAR_WIDTH), height: 12, rx: 3 })),
  ];
}
