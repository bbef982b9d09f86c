/**
 * Who is signed in. The session token lives in memory only; the refresh token is an HttpOnly cookie that this page never
 * sees. An old refresh token ends the whole session, so renewals go one at a time, over all tabs of the browser. A page
 * that goes away in the middle of one lets go of the lock before the answer is there: the next page waits for that.
 */

import { ApiError, request } from "./http.js";

const RENEW_EARLY_MS = 60_000;
const MARK = "ghostwatt-signed-in"; // when this browser signed in: no secret, but it tells whether there is a cookie to try
const RENEWING = "ghostwatt-renewing-since"; // epoch ms; left behind by a page that went away while it renewed
const RENEWAL_MS = 4_000; // by then the answer to such a renewal is there, and its cookie with it
const POLL_MS = 50;
/** @type {{ token: string, renewAt: number } | null} renewAt on performance.now()'s clock */
let session = null;
/** @type {Promise<void> | null} */
let renewal = null;
let onEnded = () => {};

/**
 * Set what is called when the session is over without this page having asked for it.
 * @param {() => void} listener
 */
export function onEnd(listener) {
  onEnded = listener;
}

// Another tab signed in or out: this one's cookie is another one now, so it starts afresh.
addEventListener("storage", ({ key }) => {
  if (key === MARK) location.reload();
});

/**
 * Make an account and sign in.
 * @param {string} email
 * @param {string} password
 */
export const signUp = (email, password) => begin("/account/signup", { email, password });

/**
 * Sign in.
 * @param {string} email
 * @param {string} password
 * @param {string} [code] of the authenticator app, once the API has answered code_required
 */
export const logIn = (email, password, code) => begin("/account/login", { email, password, ...(code && { code }) });

/**
 * @param {string} path
 * @param {object} credentials
 */
async function begin(path, credentials) {
  keepToken(await request("POST", path, { body: credentials }));
  localStorage.setItem(MARK, new Date().toISOString());
}

/**
 * Take up the session that the cookie holds.
 * @returns {Promise<boolean>} false when there is none
 * @throws {ApiError} the server could not be asked
 */
export async function resume() {
  if (!localStorage.getItem(MARK)) return false;
  try {
    await renew();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 400)) throw error;
    forgetSession();
    return false;
  }
}

/** Log out: the server ends the session and deletes the cookie. */
export async function logOut() {
  await authorized("POST", "/account/logout");
  forgetSession();
}

/** Drop the session on this side, as after log-out or when the account was deleted. */
export function forgetSession() {
  session = null;
  localStorage.removeItem(MARK);
}

/**
 * Send a request with the session's token, which is renewed shortly before its end and once more when the server says 401.
 * @param {string} method
 * @param {string} path below /api
 * @param {unknown} [body]
 * @returns {Promise<any>} the decoded answer
 * @throws {ApiError} as request()
 */
export async function authorized(method, path, body) {
  if (!session || performance.now() > session.renewAt) await renewOrEnd();
  try {
    return (await request(method, path, { body, token: session?.token })).answer;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    await renewOrEnd();
    return (await request(method, path, { body, token: session?.token })).answer;
  }
}

async function renewOrEnd() {
  try {
    await renew();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      forgetSession();
      onEnded();
    }
    throw error;
  }
}

/** @returns {Promise<void>} */
function renew() {
  renewal ??= exchangeLocked().finally(() => {
    renewal = null;
  });
  return renewal;
}

async function exchangeLocked() {
  // Web Locks are missing on plain http from another machine; there, one tab at a time has to do.
  await (navigator.locks ? navigator.locks.request("ghostwatt-refresh", exchange) : exchange());
}

async function exchange() {
  while (isRenewing()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  localStorage.setItem(RENEWING, String(Date.now()));
  try {
    keepToken(await request("POST", "/account/refresh", { body: {}, keepalive: true }));
  } catch (error) {
    const isAnswered = error instanceof ApiError && error.status !== 0;
    if (isAnswered) localStorage.removeItem(RENEWING); // without an answer, and while a page goes away, it stays
    throw error;
  }
  localStorage.removeItem(RENEWING);
}

/** Tell whether a renewal may be under way: not once its time is over, nor when the clock was put back meanwhile. */
function isRenewing() {
  const lastedMs = Date.now() - Number(localStorage.getItem(RENEWING) ?? -Infinity);
  return lastedMs >= 0 && lastedMs < RENEWAL_MS;
}

/** @param {{ answer: any, receivedMs: number }} response */
function keepToken({ answer, receivedMs }) {
  const lifeMs = Date.parse(answer.expiresAt) - receivedMs;
  session = { token: answer.sessionToken, renewAt: performance.now() + lifeMs - RENEW_EARLY_MS };
}
