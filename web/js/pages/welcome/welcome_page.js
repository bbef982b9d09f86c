/** Before anybody is signed in: what this is, and the form to log in or sign up. */

import * as api from "../../api/client.js";
import { ApiError } from "../../api/http.js";
import { logIn, signUp } from "../../api/session.js";
import { credentialTexts } from "../../texts/common.js";
import { welcomeTexts } from "../../texts/welcome.js";
import { codeField, showField } from "../../ui/credential_fields.js";
import { descendant, html, replaceChildren } from "../../ui/dom.js";
import { form, passwordField, textField } from "../../ui/form.js";

/** @import { Page } from "../../ui/types.d.ts" */
/** @typedef {"login" | "signup"} Mode */

const MODES = {
  login: { send: logIn, other: /** @type {Mode} */ ("signup"), password: { autocomplete: "current-password" } },
  signup: {
    send: signUp, other: /** @type {Mode} */ ("login"),
    password: { autocomplete: "new-password", minlength: 8, hint: credentialTexts.passwordRule },
  },
};

/**
 * Make the page.
 * @param {{ entered: () => void }} options entered is called once somebody is signed in
 * @returns {Page}
 */
export function welcomePage({ entered }) {
  const card = html("section", { class: "card signin" });

  /**
   * @param {Mode} mode
   * @param {boolean} hasFocus whether the heading gets the focus
   */
  function show(mode, hasFocus) {
    const { other } = MODES[mode];
    const code = waitingCode();
    card.dataset.mode = mode;
    replaceChildren(card,
      html("h1", { tabindex: "-1" }, welcomeTexts[mode].title),
      code && html("p", { class: "hint" }, welcomeTexts.waitingCode(code)),
      signInForm(mode, entered),
      html("p", { class: "swap" }, `${welcomeTexts[mode].question} `, linkButton(welcomeTexts[mode].other, () => show(other, true))),
      mode === "login" && html("p", { class: "swap" }, linkButton(welcomeTexts.forgot, showForgotten)));
    if (hasFocus) descendant(card, "h1").focus();
  }

  function showForgotten() {
    replaceChildren(card,
      html("h1", { tabindex: "-1" }, welcomeTexts.forgot),
      forgottenForm(),
      html("p", { class: "swap" }, linkButton(welcomeTexts.backToLogin, () => show("login", true))));
    descendant(card, "h1").focus();
  }

  show("login", false);
  const story = html("section", { class: "story" },
    html("p", { class: "brand" }, html("img", { src: "/img/logo.svg", alt: "", width: 36, height: 36 }), welcomeTexts.brand),
    html("p", { class: "motto" }, welcomeTexts.motto),
    html("p", {}, welcomeTexts.pitch),
    html("img", { src: "/img/night.svg", alt: "", width: 520, height: 340 }));
  return { title: welcomeTexts.title, node: html("div", { class: "welcome" }, story, card), update: () => {} };
}

/**
 * @param {string} text
 * @param {() => void} action
 */
const linkButton = (text, action) => html("button", { type: "button", class: "link", on: { click: action } }, text);

/**
 * The form asks for a code of two-step log-in once the API has asked for it.
 * @param {Mode} mode
 * @param {() => void} entered
 */
function signInForm(mode, entered) {
  const { send, password } = MODES[mode];
  const code = codeField();
  showField(code, false);
  return form({
    className: "stack",
    fields: [emailField(), passwordField({ name: "password", label: welcomeTexts.password, ...password }), code],
    action: welcomeTexts[mode].action,
    send: async (values) => {
      try {
        await send(values.email, values.password, code.hidden ? undefined : values.code);
      } catch (error) {
        if (error instanceof ApiError && error.code === "code_required") showField(code, true);
        throw error;
      }
      entered();
    },
  });
}

const forgottenForm = () => form({
  className: "stack",
  fields: [emailField()],
  action: welcomeTexts.mailLink,
  send: async ({ email }, node) => {
    await api.requestPasswordReset(email);
    node.replaceWith(html("p", { role: "status" }, welcomeTexts.linkMailed(email)));
  },
});

const emailField = () =>
  textField({ name: "email", label: credentialTexts.email, type: "email", required: true, maxlength: 254, autocomplete: "username" });

const waitingCode = () => new URLSearchParams(location.search).get("code");
