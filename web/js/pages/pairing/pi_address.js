/** The address of the page that a Pi serves in its own network. */

export const PI_HOST = "raspberrypi.local";
const PORT = 5000;
const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/**
 * Make the address of a Pi's page of what a person typed: a name or an IPv4 address, perhaps with http:// or a port.
 * @param {string} typed
 * @returns {string | null} null when it names no host
 */
export function piAddress(typed) {
  const [host, port = String(PORT), ...rest] = typed.trim().replace(/^http:\/\//i, "").replace(/\/.*$/, "").split(":");
  const isAddress = HOST_NAME.test(host) && /^[0-9]{1,5}$/.test(port) && !rest.length;
  return isAddress ? `http://${host.toLowerCase()}:${port}/` : null;
}
