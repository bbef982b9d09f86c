/** Who gets in: the password, and where the person is signed in. */

import * as api from "../api.js";
import { h } from "../dom.js";
import { agoText } from "../format.js";
import { form, textField } from "../form.js";
import { attempt, say } from "../toast.js";

const passwordField = (field) => textField({ type: "password", required: true, maxlength: 256, ...field });

export function passwordForm({ email }) {
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

export function sessionList() {
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
