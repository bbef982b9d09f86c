/** Before anybody is signed in: what this is, and the form to log in or sign up. */

import * as api from "../api.js";
import { fill, h } from "../dom.js";
import { form, passwordField, textField } from "../form.js";
import { logIn, signUp } from "../session.js";
import { codeField, show as showField } from "./proof.js";

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
export function welcomeView({ entered }) {
  const card = h("section", { class: "card signin" });

  function showForgotten() {
    fill(card,
      h("h1", { tabindex: "-1" }, "Forgot your password?"),
      form({
        className: "stack",
        fields: [emailField()],
        action: "Mail me a link",
        send: async ({ email }, node) => {
          await api.askReset(email);
          node.replaceWith(h("p", { role: "status" }, `If there is an account of ${email}, a link is on its way. It is good for 30 minutes.`));
        },
      }),
      h("p", { class: "swap" }, h("button", { type: "button", class: "link", on: { click: () => show("login", true) } }, "Back to log in")));
    card.querySelector("h1").focus();
  }

  function show(mode, focus) {
    const { title, action, send, other, question, ask, password } = MODES[mode];
    const code = codeField(); // there once it was asked for
    showField(code, false);
    card.dataset.mode = mode;
    fill(card,
      h("h1", { tabindex: "-1" }, title),
      waitingCode() && h("p", { class: "hint" }, `Then you can pair the Pi with the code ${waitingCode()}.`),
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
      h("p", { class: "swap" }, `${question} `,
        h("button", { type: "button", class: "link", on: { click: () => show(other, true) } }, ask)),
      mode === "login" && h("p", { class: "swap" },
        h("button", { type: "button", class: "link", on: { click: showForgotten } }, "Forgot your password?")));
    if (focus) card.querySelector("h1").focus();
  }

  show("login", false);
  const story = h("section", { class: "story" },
    h("p", { class: "brand" }, h("img", { src: "/img/logo.svg", alt: "", width: 36, height: 36 }), "Ghostwatt"),
    h("p", { class: "motto" }, "Let the house sleep when you do."),
    h("p", {}, "Finds the power that appliances draw while nobody uses them, and cuts it at the outlet."),
    h("img", { src: "/img/night.svg", alt: "", width: 520, height: 340 }));
  return { title: "Welcome", node: h("div", { class: "welcome" }, story, card), update: () => {} };
}

const emailField = () =>
  textField({ name: "email", label: "E-mail", type: "email", required: true, maxlength: 254, autocomplete: "username" });

const waitingCode = () => new URLSearchParams(location.search).get("code");
