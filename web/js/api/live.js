/** The WebSocket: a new one-time ticket for each connection, and reconnection with growing, random waits. */

import * as api from "./client.js";
import { ApiError } from "./http.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * Stay connected until the returned function is called. onState gets live, reconnecting or offline; onMessage each
 * decoded push. What was pushed while there was no connection is lost: reload the lists on live.
 */
export function keepLive({ onState, onMessage }) {
  const connection = new Connection(onState, onMessage);
  const leaving = new AbortController();
  addEventListener("online", () => connection.hurry(), { signal: leaving.signal });
  addEventListener("offline", () => onState("offline"), { signal: leaving.signal });
  document.addEventListener("visibilitychange", () => document.hidden || connection.hurry(), { signal: leaving.signal });
  connection.open();
  return () => {
    leaving.abort();
    connection.stop();
  };
}

/** Under the name by which this page was opened: its security policy allows no other. */
function liveUrl(ticket) {
  const url = new URL("/live", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("ticket", ticket);
  return url;
}

class Connection {
  #socket = null;
  #timer = null;
  #failures = 0;
  #stopped = false;

  constructor(onState, onMessage) {
    Object.assign(this, { onState, onMessage });
  }

  async open() {
    this.#timer = null;
    try {
      const { ticket } = await api.liveTicket();
      if (!this.#stopped) this.#listen(new WebSocket(liveUrl(ticket)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#later();
    }
  }

  #listen(socket) {
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#failures = 0;
      if (!this.#stopped) this.onState("live");
    });
    socket.addEventListener("message", ({ data }) => this.#stopped || this.onMessage(JSON.parse(data)));
    socket.addEventListener("close", () => this.#later());
  }

  #later() {
    if (this.#stopped) return;
    this.#socket = null;
    this.onState(navigator.onLine ? "reconnecting" : "offline");
    // The server closes a person's oldest page when too many are open: one that nobody sees does not push out the next.
    const growingMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
    const longestMs = document.hidden ? LONGEST_WAIT_MS : growingMs;
    this.#timer = setTimeout(() => this.open(), longestMs * (0.5 + Math.random() / 2));
  }

  /** The network is back, or somebody looks at the page: do not wait any longer. */
  hurry() {
    if (this.#socket?.readyState === WebSocket.OPEN) this.onState("live");
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.open();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }
}
