/** A part of a page that is fetched: it says that it is loading, and what went wrong, with a way to try again. */

import { ApiError } from "../api/http.js";
import { commonTexts } from "../texts/common.js";
import { html, setText } from "./dom.js";

/** @import { Loader } from "./types.d.ts" */

/**
 * Make a part around `content`. Of several requests under way only the newest is shown; what is shown stays while a newer
 * answer is fetched.
 * @template Answer
 * @param {object} options
 * @param {HTMLElement} options.content
 * @param {string} options.waiting the text until the first answer is there
 * @param {() => Promise<Answer>} options.fetchIt gets the answer
 * @param {(answer: Answer) => void} options.show puts it into the content
 * @returns {Loader<Answer>} refreshAfter(ms) fetches again if the last request is older than that
 */
export function loader({ content, waiting, fetchIt, show }) {
  const retry = html("button", { type: "button", class: "soft", on: { click: () => refresh() } }, commonTexts.tryAgain);
  const message = html("p");
  const notice = html("div", { class: "loading", role: "status" }, message, retry);
  const node = html("div", { class: "loader", "aria-busy": "true" }, notice, content);
  let newest = 0;
  let requestedAtMs = -Infinity;

  async function refresh() {
    const request = ++newest;
    requestedAtMs = performance.now();
    node.setAttribute("aria-busy", "true");
    showMessage(content.hidden ? waiting : "", false);
    try {
      const answer = await fetchIt();
      if (request === newest) showAnswer(answer);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (request === newest) showMessage(error.message, true);
    }
  }

  /** @param {Answer} answer */
  function showAnswer(answer) {
    node.setAttribute("aria-busy", "false");
    content.hidden = false;
    showMessage("", false);
    show(answer);
  }

  /**
   * @param {string} text
   * @param {boolean} hasFailed
   */
  function showMessage(text, hasFailed) {
    if (hasFailed) node.setAttribute("aria-busy", "false");
    setText(message, text);
    notice.hidden = text === "";
    retry.hidden = !hasFailed;
  }

  /** @param {number} ms */
  function refreshAfter(ms) {
    if (performance.now() - requestedAtMs > ms) refresh();
  }

  content.hidden = true;
  return { node, refresh, refreshAfter, show: showAnswer };
}
