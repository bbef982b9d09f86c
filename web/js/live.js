/** The WebSocket: a new one-time ticket for each connection, and reconnection with growing, random waits. */

import * as api from "./api.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * Stay connected until the returned function is called. onState gets live, reconnecting or offline; onMessage each
 * decoded push. What was pushed while there was no connection is lost: reload the lists on live.
 */
export function stayLive({ onState, onMessage }) {
  let socket = null;
  let timer = null;
  let failures = 0;
  let stopped = false;

  async function connect() {
    timer = null;
    try {
      const { url } = await api.liveTicket();
      if (stopped) return;
      socket = new WebSocket(url);
    } catch {
      if (!stopped) later(); // a refused ticket and a malformed address both mean: no connection now
      return;
    }
    socket.addEventListener("open", () => {
      failures = 0;
      onState("live");
    });
    socket.addEventListener("message", ({ data }) => onMessage(JSON.parse(data)));
    socket.addEventListener("close", () => stopped || later());
  }

  function later() {
    socket = null;
    onState(navigator.onLine ? "reconnecting" : "offline");
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++);
    timer = setTimeout(connect, longest * (0.5 + Math.random() / 2));
  }

  function now() {
    if (socket?.readyState === WebSocket.OPEN) onState("live");
    if (timer === null) return;
    clearTimeout(timer);
    connect();
  }

  const away = () => onState("offline");
  addEventListener("online", now);
  addEventListener("offline", away);
  connect();
  return () => {
    stopped = true;
    removeEventListener("online", now);
    removeEventListener("offline", away);
    clearTimeout(timer);
    socket?.close();
  };
}
