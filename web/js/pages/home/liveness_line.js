/** How a Pi is: one line, which opens to say why. */

import { refreshDevice } from "../../store/home.js";
import { html, setText } from "../../ui/dom.js";
import { agoText, dateText } from "../../ui/format.js";

/** {node, update(device)}. */
export function livenessLine(deviceId) {
  const [line, why, agent] = [html("summary"), html("p"), html("p")];
  const node = html("details", { class: "liveness" }, line, why, agent);
  node.addEventListener("toggle", () => node.open && refreshDevice(deviceId)); // the reason is told with the figures of now

  function update(device) {
    const { state, reason, since } = device.liveness;
    node.dataset.liveness = state;
    setText(line, stateWords(device));
    line.title = since ? `since ${dateText(since)}` : "";
    setText(why, since ? `${reason} So since ${dateText(since)}.` : reason);
    setText(agent, agentWords(device));
    agent.hidden = agent.textContent === "";
  }

  return { node, update };
}

function stateWords({ liveness: { state, since }, lastSeen }) {
  if (state === "never") return "not heard of yet";
  if (state === "offline") return `offline · last seen ${agoText(lastSeen)}`;
  if (state === "online" || !since) return state;
  return `${state} · since ${agoText(since)}`;
}

function agentWords({ agentVersion, droppedReadings }) {
  const lost = droppedReadings ? `It has lost ${droppedReadings} readings for want of room.` : "";
  return [agentVersion && `Agent ${agentVersion}.`, lost].filter(Boolean).join(" ");
}
