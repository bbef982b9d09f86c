/** The WebSocket: a new one-time ticket for each connection, and reconnection with growing, random waits. */

import * as api from "./client.js";
import { ApiError } from "./http.js";

/** @import { Push } from "./types.d.ts" */
/** @typedef {"connecting" | "live" | "reconnecting" | "offline"} ConnectionState */
/** @typedef {{ onState: (state: ConnectionState) => void, onMessage: (push: Push) => void }} Listeners */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * Stay connected. What is pushed while there is no connection is lost: load the lists again when the state becomes live.
 * @param {Listeners} listeners
 * @returns {() => void} call it to disconnect
 */
export function keepLive(listeners) {
  const connection = new Connection(listeners);
  const { signal } = connection;
  addEventListener("online", () => connection.hurry(), { signal });
  addEventListener("offline", () => listeners.onState("offline"), { signal });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) connection.hurry();
  }, { signal });
  connection.open();
  return () => connection.stop();
}

/**
 * Make the URL under the name by which this page was opened: its security policy allows no other.
 * @param {string} ticket
 */
function liveUrl(ticket) {
  const url = new URL("/live", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  return url;
}

class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  #failures = 0;
  #leaving = new AbortController();
  #listeners;

  /** @param {Listeners} listeners */
  constructor(listeners) {
    this.#listeners = listeners;
  }

  /** Aborted once the connection is no longer wanted. */
  get signal() {
    return this.#leaving.signal;
  }

  async open() {
    this.#timer = null;
    try {
      const { ticket } = await api.liveTicket();
      if (!this.signal.aborted) this.#listen(new WebSocket(liveUrl(ticket)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#reopenLater();
    }
  }

  /** @param {WebSocket} socket */
  #listen(socket) {
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#failures = 0;
      if (!this.signal.aborted) this.#listeners.onState("live");
    });
    socket.addEventListener("message", ({ data }) => {
      if (!this.signal.aborted) this.#listeners.onMessage(JSON.parse(data));
    });
    socket.addEventListener("close", () => this.#reopenLater());
  }

  #reopenLater() {
    if (this.signal.aborted) return;
    this.#socket = null;
    this.#listeners.onState(navigator.onLine ? "reconnecting" : "offline");
    // The server closes a person's oldest page when too many are open: one that nobody sees does not push out the next.
    const growingMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
    const longestMs = document.hidden ? LONGEST_WAIT_MS : growingMs;
    this.#timer = setTimeout(() => this.open(), longestMs * (0.5 + Math.random() / 2));
  }

  /** The network is back, or somebody looks at the page: do not wait any longer. */
  hurry() {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#listeners.onState("live");
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.open();
  }

  stop() {
    this.#leaving.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket?.close();
  }
}
