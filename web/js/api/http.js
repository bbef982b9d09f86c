/** One request to the API on our own origin. */

import { serverTexts } from "../texts/common.js";

const TIMEOUT_MS = 20_000; // the API gives up after less; a phone that lost its network would wait for minutes
const BUSY_SECONDS = 5; // a person waits this long without a message
const BUSY_TRIES = 5;

/** An answer that is no success. */
export class ApiError extends Error {
  /**
   * @param {string} message a sentence for people
   * @param {object} [details]
   * @param {number} [details.status] of HTTP; 0 when there was no answer
   * @param {string} [details.code] a word for programs
   * @param {string | null} [details.field] the field at fault
   * @param {unknown} [details.cause]
   */
  constructor(message, { status = 0, code = "offline", field = null, cause } = {}) {
    super(message, { cause });
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** @typedef {{ body?: unknown, token?: string, keepalive?: boolean }} RequestOptions */

/**
 * Send a request and decode its answer.
 * @param {string} method
 * @param {string} path below /api
 * @param {RequestOptions} [options] with `keepalive` the browser hears the answer out even when the page goes away
 *   meanwhile, so that a cookie in it is taken
 * @returns {Promise<{ answer: any, receivedMs: number }>} receivedMs is the server's clock (epoch ms)
 * @throws {ApiError} the server refused, or could not be reached
 */
export async function request(method, path, { body, token, keepalive = false } = {}) {
  let response = await send(method, path, { body, token, keepalive });
  for (let tries = 1; tries < BUSY_TRIES && isBusy(response); tries += 1) {
    const waitMs = retryAfterSeconds(response) * 1000;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    response = await send(method, path, { body, token, keepalive });
  }
  const { status, headers } = response;
  const answer = await response.json().catch(() => {
    throw new ApiError(serverTexts.badAnswer, { status, code: "bad_answer" });
  });
  if (!response.ok) {
    const { error = serverTexts.unexplained, code = "unknown", field } = answer;
    throw new ApiError(error, { status, code, field });
  }
  return { answer, receivedMs: Date.parse(headers.get("date") ?? "") || Date.now() };
}

/**
 * Tell whether the server asks to come back in a moment; nothing was done yet.
 * @param {Response} response
 */
const isBusy = (response) => response.status === 429 && retryAfterSeconds(response) <= BUSY_SECONDS;

/** @param {Response} response */
const retryAfterSeconds = (response) => Number(response.headers.get("retry-after") ?? Infinity);

/**
 * @param {string} method
 * @param {string} path
 * @param {RequestOptions} options
 */
async function send(method, path, { body, token, keepalive }) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token) headers["x-session-token"] = token;
  const content = body === undefined ? undefined : JSON.stringify(body);
  try {
    return await fetch(`/api${path}`, {
      method, headers, body: content, keepalive, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    throw new ApiError(isLate ? serverTexts.timeout : serverTexts.unreachable, { cause: error });
  }
}

/**
 * Write the parameters that are given as a query string.
 * @param {Record<string, string | number | null | undefined>} parameters null and undefined are left out
 * @returns {string} with its question mark, or ""
 */
export function query(parameters) {
  const entries = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  return entries.length ? `?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)]))}` : "";
}
