/** What an outlet's relay is doing, as one word. */

/** @import { Relay } from "../api/types.d.ts" */
/** @typedef {"on" | "off" | "switching-on" | "switching-off" | "refused"} RelayStatus */

/**
 * Compare what the cloud wants of a relay with what the device reported.
 * @param {Pick<Relay, "desired" | "reported" | "version" | "reportedVersion">} relay
 * @returns {RelayStatus} refused: the device answered the last command with the other state
 */
export function relayStatus({ desired, reported, version, reportedVersion }) {
  if (version === 0 && reported === null) return desired; // nothing was ever commanded
  if (reportedVersion !== version) return reported === desired ? desired : `switching-${desired}`;
  return reported === desired ? desired : "refused";
}
