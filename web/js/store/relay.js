/** What a port's relay is doing, as a named state and in words. */

const REASONS = {
  in_use: "it is in use", expired: "the command was too old", never_cut: "it is never cut",
  failed: "its relay does not obey", not_cut: "power still flows",
};
const LOCAL = { by_hand: "switched at the Pi", at_plug: "switched at the plug", safe_state: "its safe state" };

/** on, off, switching-on, switching-off, or refused (the Pi answered the last command with the other state). */
export function relayState({ desired, reported, version, reportedVersion }) {
  if (version === 0 && reported === null) return desired; // nothing was ever commanded
  if (reportedVersion !== version) return reported === desired ? desired : `switching-${desired}`;
  return reported === desired ? desired : "refused";
}

/** The words beside the switch. */
export function relayWords(port, online) {
  const state = relayState(port.relay);
  const local = LOCAL[port.relay.reason];
  if (state === "refused" && local) return `${port.relay.reported}: ${local}`;
  if (state === "refused") return `stayed ${port.relay.reported}: ${REASONS[port.relay.reason] ?? "the Pi could not"}`;
  if (state.startsWith("switching")) return online ? `switching ${port.relay.desired}…` : "waits for the Pi";
  if (state === "off" && port.relay.reported === "off" && ["active", "standby"].includes(port.status)) return "off, but still draws power";
  if (state === "off" && local) return `off: ${local}`;
  if (state === "off" && port.relay.switchedBy === "detector") return "cut";
  return state;
}
