/** One request to the API on our own origin. */

const TIMEOUT_MS = 20_000; // the API gives up after less; a phone that lost its network would wait for minutes
const BUSY_SECONDS = 5; // a person waits so long without a word
const BUSY_TRIES = 5;

/** An answer that is no success: a sentence for people, a word for programs, the field at fault. Status 0: no answer. */
export class ApiError extends Error {
  constructor(message, { status = 0, code = "offline", field = null, cause } = {}) {
    super(message, { cause });
    this.name = "ApiError";
    Object.assign(this, { status, code, field });
  }
}

/**
 * The decoded answer; `receivedMs` is the server's clock. With `keepalive` the browser hears the answer out even when the
 * page goes away meanwhile, so that a cookie in it is taken. Throws ApiError.
 */
export async function request(method, path, { body, token, keepalive = false } = {}) {
  let response = await sent(method, path, { body, token, keepalive });
  for (let tries = 1; tries < BUSY_TRIES && isBusy(response); tries += 1) {
    await new Promise((done) => setTimeout(done, retryAfterSeconds(response) * 1000));
    response = await sent(method, path, { body, token, keepalive });
  }
  const answer = await response.json().catch(() => {
    throw new ApiError("The server gave no answer that this page understands.", { status: response.status, code: "bad_answer" });
  });
  if (!response.ok) {
    const { error = "The server refused, and did not say why.", code = "unknown", field } = answer;
    throw new ApiError(error, { status: response.status, code, field });
  }
  return { answer, receivedMs: Date.parse(response.headers.get("date")) || Date.now() };
}

/** Whether the server asks to come back in a moment; nothing was done yet. */
function isBusy(response) {
  return response.status === 429 && retryAfterSeconds(response) <= BUSY_SECONDS;
}

function retryAfterSeconds(response) {
  return Number(response.headers.get("retry-after") ?? Infinity);
}

async function sent(method, path, { body, token, keepalive }) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token) headers["x-session-token"] = token;
  const content = body === undefined ? undefined : JSON.stringify(body);
  const manner = { credentials: "same-origin", cache: "no-store", keepalive, signal: AbortSignal.timeout(TIMEOUT_MS) };
  try {
    return await fetch(`/api${path}`, { method, headers, body: content, ...manner });
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new ApiError(late ? "The server takes too long to answer." : "The server cannot be reached. Is this device online?", { cause: error });
  }
}
