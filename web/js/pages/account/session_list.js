/** Where the person is signed in, and the API tokens of programs: each can be ended. */

import * as api from "../../api/client.js";
import { sessionTexts } from "../../texts/account.js";
import { confirmFirst } from "../../ui/dialog.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { agoText, dayOfText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { makeTokenDialog } from "./token_dialog.js";

/** @import { Session } from "../../api/types.d.ts" */
/** @typedef {(isLeft: (session: Session) => boolean) => void} OnEnded isLeft tells which sessions go on */

/**
 * Make the list.
 * @returns {HTMLElement}
 */
export function sessionList() {
  /** @type {Session[]} */
  let shown = [];
  const list = html("ul", { class: "sessions", tabindex: -1 });
  const make = html("button", { type: "button", class: "soft" }, sessionTexts.makeToken);
  const others = html("button", { type: "button", class: "quiet" }, sessionTexts.endOthers);
  const part = loader({
    content: html("div", { class: "stack" }, list,
      html("p", { class: "hint" }, sessionTexts.tokenHint),
      html("div", { class: "actions" }, others, make)),
    waiting: sessionTexts.loading,
    fetchIt: api.sessions,
    show: (sessions) => {
      replaceChildren(list, sessions.map((session) => sessionItem(session, showLeft)));
      others.hidden = sessions.length < 2;
      shown = sessions;
    },
  });

  /** @type {OnEnded} */
  function showLeft(isLeft) {
    part.show(shown.filter(isLeft)); // the server's list may lag a moment behind
    setTimeout(() => list.focus()); // once the dialog is closed: the button that opened it is gone
  }

  make.addEventListener("click", () => makeTokenDialog(part.refresh));
  others.addEventListener("click", () => endOthersDialog(showLeft));
  part.refresh();
  return part.node;
}

/**
 * @param {Session} session
 * @param {OnEnded} onEnded
 */
function sessionItem(session, onEnded) {
  const name = session.name ?? browserText(session.userAgent);
  const badge = session.scope === "all" ? null : sessionTexts.badges[session.scope];
  return html("li", {},
    html("div", {}, html("p", {}, name, " ", badge && html("span", { class: "badge" }, badge)),
      html("small", {}, useText(session))),
    !session.current && html("button", {
      type: "button", class: "quiet", "aria-label": sessionTexts.endLabel(name), on: { click: () => endDialog(session, name, onEnded) },
    }, sessionTexts.end));
}

/** @param {Session} session */
function useText(session) {
  if (session.scope !== "all") return tokenText(session);
  return session.current ? sessionTexts.this : sessionTexts.lastUsed(agoText(session.lastUsedAt));
}

/**
 * The last use of a token is known to a day only. Until its first use it is the time at which it was made.
 * @param {Session} session
 */
function tokenText({ createdAt, lastUsedAt, expiresAt }) {
  const use = lastUsedAt === createdAt ? sessionTexts.made(dayOfText(createdAt)) : sessionTexts.lastUsed(dayOfText(lastUsedAt));
  return sessionTexts.tokenDates(use, dayOfText(expiresAt));
}

/**
 * @param {Session} session
 * @param {string} name
 * @param {OnEnded} onEnded
 */
function endDialog({ sessionId, scope }, name, onEnded) {
  const isToken = scope !== "all";
  confirmFirst({
    title: sessionTexts.endTitle(name),
    text: isToken ? sessionTexts.endTokenText : sessionTexts.endSessionText,
    action: isToken ? sessionTexts.endToken : sessionTexts.endSession,
    run: async () => {
      await api.endSession(sessionId);
      onEnded((session) => session.sessionId !== sessionId);
    },
  });
}

/** @param {OnEnded} onEnded */
function endOthersDialog(onEnded) {
  confirmFirst({
    title: sessionTexts.endOthersTitle,
    text: sessionTexts.endOthersText,
    action: sessionTexts.endOthersAction,
    run: async () => {
      await api.endOtherSessions();
      onEnded((session) => session.current);
    },
  });
}

/**
 * Name the browser and system of a user agent.
 * @param {string} userAgent
 */
function browserText(userAgent) {
  const browser = /Edg|OPR|Firefox|Chrome|Safari/.exec(userAgent)?.[0];
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(userAgent)?.[0];
  if (!browser) return userAgent || sessionTexts.unknownClient;
  const name = browser === "Edg" ? "Edge" : browser === "OPR" ? "Opera" : browser;
  return system ? sessionTexts.browserOn(name, system) : name;
}
