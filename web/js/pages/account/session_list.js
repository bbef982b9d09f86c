/** Where the person is signed in, and the API tokens of programs: each can be ended, and tokens can be made. */

import * as api from "../../api/client.js";
import { state } from "../../store/home.js";
import { codeField, ownPasswordField, show } from "../../ui/credential_fields.js";
import { confirmFirst, oneTimeSecret, openDialog } from "../../ui/dialog.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { form, radioField, selectField, textField } from "../../ui/form.js";
import { agoText, dayOfText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";

const LIVES = [["30", "in 30 days"], ["90", "in 90 days"], ["365", "in a year"], ["3650", "in ten years"]];
const USUAL_LIFE = "365";
const LONG_LIVED_DAYS = 400; // a token that lives longer needs the password
const BADGES = { read: "read only", control: "may switch" };

/** The list with its verbs, as a node. */
export function sessionList() {
  const list = html("ul", { class: "sessions", tabindex: -1 });
  const make = html("button", { type: "button", class: "soft" }, "Make a token…");
  const others = html("button", { type: "button", class: "quiet" }, "End all others…");
  const part = loader({
    content: html("div", { class: "stack" }, list,
      html("p", { class: "hint" }, "A token is for a program, such as Grafana or Home Assistant. It never opens your account."),
      html("div", { class: "actions" }, others, make)),
    waiting: "Looking up your sessions…",
    fetchIt: api.sessions,
    show: (sessions) => {
      replaceChildren(list, sessions.map((session) => sessionItem(session, ended)));
      others.hidden = sessions.length < 2;
      known = sessions;
    },
  });
  let known = [];
  const ended = (isLeft) => {
    part.put(known.filter(isLeft)); // the server's list may lag a moment behind
    setTimeout(() => list.focus()); // once the dialog is closed: the button that opened it is gone
  };
  make.addEventListener("click", () => makeDialog(part.refresh));
  others.addEventListener("click", () => endOthersDialog(ended));
  part.refresh();
  return part.node;
}

function sessionItem(session, ended) {
  const name = session.name ?? browserWords(session.userAgent);
  const badge = BADGES[session.scope];
  return html("li", {},
    html("div", {}, html("p", {}, name, " ", badge && html("span", { class: "badge" }, badge)),
      html("small", {}, badge ? tokenWords(session) : session.current ? "this one" : `last used ${agoText(session.lastUsedAt)}`)),
    !session.current && html("button", {
      type: "button", class: "quiet", "aria-label": `End ${name}`, on: { click: () => endDialog(session, name, ended) },
    }, "End…"));
}

/** The last use of a token is known to a day only; until it is known it is that of its making. */
function tokenWords({ createdAt, lastUsedAt, expiresAt }) {
  const used = lastUsedAt === createdAt ? `made ${dayOfText(createdAt)}` : `last used ${dayOfText(lastUsedAt)}`;
  return `${used}, ends ${dayOfText(expiresAt)}`;
}

function endDialog({ sessionId, scope }, name, ended) {
  confirmFirst({
    title: `End ${name}?`,
    text: BADGES[scope]
      ? "The program that has this token gets no answers any more. A token that is ended cannot be brought back."
      : "It is signed out at once.",
    action: BADGES[scope] ? "End token" : "End session",
    run: async () => {
      await api.endSession(sessionId);
      ended((session) => session.sessionId !== sessionId);
    },
  });
}

function endOthersDialog(ended) {
  confirmFirst({
    title: "End all others?",
    text: "You stay signed in here only, and all API tokens end: Grafana, Home Assistant and the like need new ones.",
    action: "End all others",
    run: async () => {
      await api.endOtherSessions();
      ended((session) => session.current);
    },
  });
}

const scopeField = () => radioField({
  name: "scope", label: "What it may do", value: "read", options: [
    ["read", "Only look", "Your outlets, readings, energy and what happened."],
    ["control", "Look and switch", "Also switches outlets, says whether a cut was right, and follows everything live."],
  ],
});

function makeDialog(made) {
  openDialog("Make a token for a program", (close) => [
    html("p", {}, "It never opens your account or its settings. You can end it at any time."),
    tokenForm(close, made),
  ]);
}

function tokenForm(close, made) {
  const life = selectField({ name: "expiresInDays", label: "When it ends", value: USUAL_LIFE, options: LIVES });
  const proof = [ownPasswordField({ hint: "For a token that lives this long." }), state.account.totp && codeField()].filter(Boolean);
  const isLong = () => Number(life.querySelector("select").value) > LONG_LIVED_DAYS;
  const ask = () => proof.forEach((field) => show(field, isLong()));
  life.addEventListener("change", ask);
  ask();
  return form({
    className: "stack",
    fields: [
      textField({ name: "name", label: "Which program is it for?", placeholder: "Grafana", required: true, maxlength: 80, autocomplete: "off" }),
      scopeField(), life, proof,
    ],
    action: "Make the token",
    cancel: close,
    send: async ({ name, scope, expiresInDays, ...given }, asked) => {
      const token = await api.makeToken({ name, scope, expiresInDays: Number(expiresInDays), ...(isLong() && given) });
      asked.replaceWith(oneTimeSecret("The token", token, close));
      made();
    },
  });
}

/** The browser and system that a user agent names. */
function browserWords(userAgent) {
  const browser = /Edg|OPR|Firefox|Chrome|Safari/.exec(userAgent)?.[0];
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(userAgent)?.[0];
  if (!browser) return userAgent || "unknown client";
  const known = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return system ? `${known} on ${system}` : known;
}
