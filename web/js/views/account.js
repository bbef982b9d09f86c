/** The account: settings, password, sessions, leaving. */

import * as api from "../api.js";
import { confirmFirst } from "../dialog.js";
import { h, setText } from "../dom.js";
import { agoText } from "../format.js";
import { form, textField } from "../form.js";
import { forget, logOut } from "../session.js";
import { state, touch } from "../store.js";
import { attempt, say } from "../toast.js";

const zones = () =>
  h("datalist", { id: "zones" }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));

/** {title, node, update()}; `left` is called once nobody is signed in any more. */
export function accountView({ left }) {
  const email = h("p", { class: "hint" });
  const leave = async () => {
    await logOut();
    left();
  };
  const [settings, password] = [h("div"), h("div")];
  const node = h("div", { class: "narrow account" },
    h("header", { class: "bar" }, h("div", {}, h("h1", {}, "Account"), email),
      h("button", { type: "button", class: "soft", on: { click: () => attempt(leave) } }, "Log out")),
    card("Money and time", settings),
    card("Password", password),
    card("Where you are signed in", sessionList()),
    card("Leave Ghostwatt",
      h("p", {}, "Deletes the account, its devices and all readings. This cannot be undone."),
      h("button", { type: "button", class: "danger", on: { click: () => deleteDialog(left) } }, "Delete account…")));

  function update() {
    if (!state.account || settings.firstChild) return;
    setText(email, state.account.email);
    settings.append(settingsForm(state.account));
    password.append(passwordForm(state.account));
  }

  return { title: "Account", node, update };
}

const card = (title, ...content) => h("section", { class: "card" }, h("h2", {}, title), content);

const amountField = (field) => textField({ type: "number", min: 0, step: "any", required: true, ...field });

const passwordField = (field) => textField({ type: "password", required: true, maxlength: 256, ...field });

function settingsForm({ currency, tariffPerKwh, gramsCo2PerKwh, timezone }) {
  return form({
    className: "stack",
    fields: [
      h("div", { class: "pair" },
        amountField({ name: "tariffPerKwh", label: "Price of a kWh", max: 1000, value: tariffPerKwh }),
        textField({
          name: "currency", label: "Currency", value: currency, required: true,
          pattern: "[A-Za-z]{3}", maxlength: 3, title: "Three letters, such as EUR",
        })),
      h("div", { class: "pair" },
        amountField({ name: "gramsCo2PerKwh", label: "Grams of CO₂ a kWh", max: 10000, value: gramsCo2PerKwh }),
        textField({
          name: "timezone", label: "Time zone", value: timezone, required: true, list: "zones", autocomplete: "off",
        })),
      zones(),
    ],
    action: "Save",
    send: async (values) => {
      const changes = {
        currency: values.currency.toUpperCase(), timezone: values.timezone,
        tariffPerKwh: Number(values.tariffPerKwh), gramsCo2PerKwh: Number(values.gramsCo2PerKwh),
      };
      await api.changeAccount(changes);
      Object.assign(state.account, changes);
      touch();
      say("Saved.");
    },
  });
}

function passwordForm({ email }) {
  return form({
    className: "stack",
    fields: [
      h("input", { type: "email", autocomplete: "username", value: email, hidden: true }), // for password managers
      passwordField({ name: "currentPassword", label: "Current password", autocomplete: "current-password" }),
      passwordField({
        name: "newPassword", label: "New password", autocomplete: "new-password", minlength: 8,
        hint: "At least 8 characters. All other sessions end.",
      }),
    ],
    action: "Change password",
    send: async (values, node) => {
      await api.changeAccount(values);
      node.reset();
      say("The password is changed; all other sessions have ended.");
    },
  });
}

function sessionList() {
  const list = h("ul", { class: "sessions" });
  const others = h("button", { type: "button", class: "soft", hidden: true }, "End all others");
  others.addEventListener("click", () => attempt(endOthers));
  async function show() {
    const sessions = await api.sessions();
    list.replaceChildren(...sessions.map(({ userAgent, current, lastUsedAt }) =>
      h("li", {},
        h("span", {}, browserWords(userAgent)),
        h("small", {}, current ? "this one" : `last used ${agoText(lastUsedAt)}`))));
    others.hidden = sessions.length < 2;
  }
  async function endOthers() {
    await api.endOtherSessions();
    await show();
  }
  attempt(show);
  return h("div", { class: "stack" }, list, others);
}

/** The browser and system that a user agent names. */
function browserWords(userAgent) {
  const browser = /Edg|OPR|Firefox|Chrome|Safari/.exec(userAgent)?.[0];
  const system = /Android|iPhone|iPad|Windows|Mac OS|Linux/.exec(userAgent)?.[0];
  if (!browser) return userAgent || "unknown client";
  const known = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return system ? `${known} on ${system}` : known;
}

function deleteDialog(left) {
  confirmFirst({
    title: "Delete the account?",
    text: "Your devices stop working at once, and everything stored goes away.",
    typed: state.account.email,
    action: "Delete everything",
    run: async () => {
      await api.deleteAccount();
      forget();
      left();
    },
  });
}
