/** Ready lines that send one reading to a port. */

export const TOKEN_PLACEHOLDER = "DEVICE_TOKEN";

/**
 * Make the line for curl.
 * @param {string} api the address of the API
 * @param {string} token
 * @param {string} portId
 */
export function curlLine(api, token, portId) {
  const body = JSON.stringify({ deviceToken: token, portId, voltage: 230, current: 0.4, power: 92 });
  return `curl ${api}/sensor/reading -H 'Content-Type: application/json' -d '${body}'`;
}

/**
 * Make the lines for Python.
 * @param {string} api the address of the API
 * @param {string} token
 * @param {string} portId
 */
export function pythonLines(api, token, portId) {
  return `import requests

reading = {
    "deviceToken": "${token}",
    "portId": "${portId}",
    "voltage": 230.0,
    "current": 0.4,
    "power": 92.0,
}
answer = requests.post("${api}/sensor/reading", json=reading, timeout=10)
print(answer.json())
`;
}
