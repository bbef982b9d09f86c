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
const LOOK_MS = 50;
let session = null; // { token, renewAt } with renewAt on performance.now()'s clock
let renewal = null;
let ended = () => {};

/** Call `listener` when the session is over without this page having asked for it. */
export function onEnd(listener) {
  ended = listener;
}

// Another tab signed in or out: this one's cookie is another one now, so it starts afresh.
addEventListener("storage", ({ key }) => key === MARK && location.reload());

export const signUp = (email, password) => begin("/account/signup", { email, password });
export const logIn = (email, password, code) => begin("/account/login", { email, password, ...(code && { code }) });

async function begin(path, credentials) {
  keep(await request("POST", path, { body: credentials }));
  localStorage.setItem(MARK, new Date().toISOString());
}

/** Take up the session that the cookie holds; false when there is none. Throws ApiError when nobody can tell. */
export async function resume() {
  if (!localStorage.getItem(MARK)) return false;
  try {
    await renew();
    return true;
  } catch (error) {
    if (error.status !== 401 && error.status !== 400) throw error;
    forget();
    return false;
  }
}

/** Leave; the server forgets the session and the cookie. */
export async function logOut() {
  await authorized("POST", "/account/logout");
  forget();
}

/** The account is gone or the session is no longer wanted: nothing is left here. */
export function forget() {
  session = null;
  localStorage.removeItem(MARK);
}

/** A request in the session's name: renewed shortly before its end, and once more when the server says 401. */
export async function authorized(method, path, body) {
  if (!session || performance.now() > session.renewAt) await renewOrEnd();
  try {
    return (await request(method, path, { body, token: session.token })).answer;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    await renewOrEnd();
    return (await request(method, path, { body, token: session.token })).answer;
  }
}

async function renewOrEnd() {
  try {
    await renew();
  } catch (error) {
    if (error.status === 401) {
      forget();
      ended();
    }
    throw error;
  }
}

function renew() {
  // Web Locks are missing on plain http from another machine; there, one tab at a time has to do.
  const locked = () => (navigator.locks ? navigator.locks.request("ghostwatt-refresh", exchange) : exchange());
  renewal ??= locked().finally(() => (renewal = null));
  return renewal;
}

async function exchange() {
  while (isRenewing()) await new Promise((resume) => setTimeout(resume, LOOK_MS));
  localStorage.setItem(RENEWING, Date.now());
  try {
    keep(await request("POST", "/account/refresh", { body: {}, keepalive: true }));
  } catch (error) {
    if (error.status !== 0) localStorage.removeItem(RENEWING); // without an answer, and while a page goes away, it stays
    throw error;
  }
  localStorage.removeItem(RENEWING);
}

/** Whether a renewal may be under way: not once its time is over, nor when the clock was put back meanwhile. */
function isRenewing() {
  const lastedMs = Date.now() - Number(localStorage.getItem(RENEWING) ?? -Infinity);
  return lastedMs >= 0 && lastedMs < RENEWAL_MS;
}

function keep({ answer, receivedMs }) {
  const lifeMs = Date.parse(answer.expiresAt) - receivedMs;
  session = { token: answer.sessionToken, renewAt: performance.now() + lifeMs - RENEW_EARLY_MS };
}
