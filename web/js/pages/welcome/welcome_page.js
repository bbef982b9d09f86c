/** Before anybody is signed in: what this is, and the form to log in or sign up. */

import * as api from "../../api/client.js";
import { logIn, signUp } from "../../api/session.js";
import { codeField, show as showField } from "../../ui/credential_fields.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { form, passwordField, textField } from "../../ui/form.js";

const MODES = {
  login: {
    title: "Log in", action: "Log in", send: logIn, other: "signup", question: "New here?", ask: "Make an account",
    password: { autocomplete: "current-password" },
  },
  signup: {
    title: "Make an account", action: "Sign up", send: signUp, other: "login", question: "Have an account?", ask: "Log in",
    password: { autocomplete: "new-password", minlength: 8, hint: "At least 8 characters, and none that is easy to guess." },
  },
};

/** {title, node, update()}; `entered` is called once somebody is signed in. */
export function welcomePage({ entered }) {
  const card = html("section", { class: "card signin" });

  function showForgotten() {
    replaceChildren(card,
      html("h1", { tabindex: "-1" }, "Forgot your password?"),
      form({
        className: "stack",
        fields: [emailField()],
        action: "Mail me a link",
        send: async ({ email }, node) => {
          await api.askReset(email);
          node.replaceWith(html("p", { role: "status" }, `If there is an account of ${email}, a link is on its way. It is good for 30 minutes.`));
        },
      }),
      html("p", { class: "swap" }, html("button", { type: "button", class: "link", on: { click: () => show("login", true) } }, "Back to log in")));
    card.querySelector("h1").focus();
  }

  function show(mode, focus) {
    const { title, action, send, other, question, ask, password } = MODES[mode];
    const code = codeField(); // there once it was asked for
    showField(code, false);
    card.dataset.mode = mode;
    replaceChildren(card,
      html("h1", { tabindex: "-1" }, title),
      waitingCode() && html("p", { class: "hint" }, `Then you can pair the Pi with the code ${waitingCode()}.`),
      form({
        className: "stack",
        fields: [
          emailField(),
          passwordField({ name: "password", label: "Password", ...password }),
          code,
        ],
        action,
        send: async (values) => {
          try {
            await send(values.email, values.password, code.hidden ? undefined : values.code);
          } catch (error) {
            if (error.code === "code_required") showField(code, true);
            throw error;
          }
          entered();
        },
      }),
      html("p", { class: "swap" }, `${question} `,
        html("button", { type: "button", class: "link", on: { click: () => show(other, true) } }, ask)),
      mode === "login" && html("p", { class: "swap" },
        html("button", { type: "button", class: "link", on: { click: showForgotten } }, "Forgot your password?")));
    if (focus) card.querySelector("h1").focus();
  }

  show("login", false);
  const story = html("section", { class: "story" },
    html("p", { class: "brand" }, html("img", { src: "/img/logo.svg", alt: "", width: 36, height: 36 }), "Ghostwatt"),
    html("p", { class: "motto" }, "Let the house sleep when you do."),
    html("p", {}, "Finds the power that appliances draw while nobody uses them, and cuts it at the outlet."),
    html("img", { src: "/img/night.svg", alt: "", width: 520, height: 340 }));
  return { title: "Welcome", node: html("div", { class: "welcome" }, story, card), update: () => {} };
}

const emailField = () =>
  textField({ name: "email", label: "E-mail", type: "email", required: true, maxlength: 254, autocomplete: "username" });

const waitingCode = () => new URLSearchParams(location.search).get("code");
