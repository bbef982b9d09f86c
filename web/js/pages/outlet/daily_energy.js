/** The energy of one outlet by day. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { energyBars } from "../../ui/charts/energy_bars.js";
import { foldedTable } from "../../ui/charts/tables.js";
import { html, setText } from "../../ui/dom.js";
import { energyText, moneyText, percentText, periodText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { localDate, querySpan } from "../common/energy_periods.js";

const WHOLE = 0.95; // a few lost minutes are no news

/** {node, update(port, freshMs)}. */
export function energyOfOutlet(portId) {
  const [bars, words, note] = [energyBars(), html("p"), html("p", { class: "hint" })];
  const days = foldedTable("Energy by day", ["Day", "Used", "Standby", "Saved", "Cost", "Measured"]);
  const part = loader({
    content: html("div", { class: "stack" }, words, bars.node, note, days.node),
    waiting: "Adding up its days…",
    fetchIt: () => api.portEnergy(portId, "day", querySpan("day", localDate(Date.now(), state.account.timezone), state.account.timezone)),
    show: (answer) => {
      setText(words, sumWords(answer));
      setText(note, coverageWords(answer));
      bars.update(answer);
      days.update(answer.periods.map((day) => dayRow(day, answer.currency)));
    },
  });
  const node = html("section", { class: "card stack", "aria-labelledby": "energy-days" }, html("h2", { id: "energy-days" }, "Energy by day"), part.node);
  return { node, update: (_, freshMs) => part.refreshAfter(5 * freshMs) };
}

const sumWords = ({ total, periods, currency }) =>
  `${energyText(total.kwh)} in ${periods.length} days for ${moneyText(total.cost, currency)}; ${energyText(total.standbyKwh)} of it standby, ${energyText(total.savedKwh)} saved.`;

/** How much of a day's time so far was measured; nothing is made up for the rest. */
const measuredShare = ({ start, end, coveredSeconds }) =>
  Math.min(1, (coveredSeconds * 1000) / Math.max(1, Math.min(Date.parse(end), Date.now()) - Date.parse(start)));

function coverageWords({ periods }) {
  const first = periods.findIndex(({ coveredSeconds }) => coveredSeconds > 0);
  if (first < 0) return "Nothing was measured in these days.";
  const partly = periods.slice(first).filter((day) => measuredShare(day) < WHOLE).length;
  if (partly === 0) return "";
  return `${partly === 1 ? "One day was" : `${partly} days were`} not measured whole. What was not measured is not made up: the table has the shares.`;
}

const dayRow = (day, currency) => [
  periodText("day", day.date), energyText(day.kwh), energyText(day.standbyKwh), energyText(day.savedKwh),
  moneyText(day.cost, currency), percentText(measuredShare(day)),
];
