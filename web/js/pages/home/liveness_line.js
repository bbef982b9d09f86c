/** Whether a Pi is online: one line, which opens to say why. */

import { refreshDevice } from "../../store/home.js";
import { livenessTexts } from "../../texts/home.js";
import { html, setText } from "../../ui/dom.js";
import { agoText, dateText } from "../../ui/format.js";

/** @import { Device } from "../../api/types.d.ts" */
/** @import { Part } from "../../ui/types.d.ts" */

/**
 * Make the line.
 * @param {string} deviceId
 * @returns {Part<Device>}
 */
export function livenessLine(deviceId) {
  const [line, why, agent] = [html("summary"), html("p"), html("p")];
  const node = html("details", { class: "liveness" }, line, why, agent);
  node.addEventListener("toggle", () => {
    if (node.open) refreshDevice(deviceId); // the reason has figures that age
  });

  /** @param {Device} device */
  function update(device) {
    const { state, reason, since } = device.liveness;
    node.dataset.liveness = state;
    setText(line, stateText(device));
    line.title = since ? livenessTexts.since(dateText(since)) : "";
    setText(why, since ? livenessTexts.reasonSince(reason, dateText(since)) : reason);
    setText(agent, agentText(device));
    agent.hidden = agent.textContent === "";
  }

  return { node, update };
}

/** @param {Device} device */
function stateText({ liveness: { state, since }, lastSeen }) {
  if (state === "never") return livenessTexts.never;
  if (state === "offline" && lastSeen) return livenessTexts.offline(agoText(lastSeen));
  if (state === "online" || !since) return state;
  return livenessTexts.sinceAgo(state, agoText(since));
}

/** @param {Device} device */
function agentText({ agentVersion, droppedReadings }) {
  return [
    agentVersion && livenessTexts.agent(agentVersion),
    droppedReadings && livenessTexts.dropped(droppedReadings),
  ].filter(Boolean).join(" ");
}
