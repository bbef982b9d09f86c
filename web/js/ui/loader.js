/** A part of a view that is fetched: it says that it is loading, and what went wrong, with a way to try again. */

import { ApiError } from "../api/http.js";
import { html, setText } from "./dom.js";

/**
 * {node, refresh(), refreshAfter(ms), put(answer)} around `content`. fetchIt() gets the answer, show(answer) puts it into
 * content. Of several requests under way only the newest is shown; what is shown stays while a newer one is fetched.
 */
export function loader({ content, waiting, fetchIt, show }) {
  const again = html("button", { type: "button", class: "soft", on: { click: () => refresh() } }, "Try again");
  const said = html("p");
  const notice = html("div", { class: "loading", role: "status" }, said, again);
  const node = html("div", { class: "loader", "aria-busy": "true" }, notice, content);
  let newest = 0;
  let askedAtMs = -Infinity;

  async function refresh() {
    const mine = ++newest;
    askedAtMs = performance.now();
    node.setAttribute("aria-busy", "true");
    tell(content.hidden ? waiting : "", false);
    try {
      const answer = await fetchIt();
      if (mine === newest) done(answer);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === newest) tell(error.message, true);
    }
  }

  function done(answer) {
    node.setAttribute("aria-busy", "false");
    content.hidden = false;
    tell("", false);
    show(answer);
  }

  function tell(text, failed) {
    if (failed) node.setAttribute("aria-busy", "false");
    setText(said, text);
    notice.hidden = text === "";
    again.hidden = !failed;
  }

  content.hidden = true;
  return { node, refresh, refreshAfter: (ms) => performance.now() - askedAtMs > ms && refresh(), put: done };
}
