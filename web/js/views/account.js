/** The account: money and time, tariffs, export, password, sessions, leaving. */

import * as api from "../api.js";
import { openDialog } from "../dialog.js";
import { h, setText } from "../dom.js";
import { form } from "../form.js";
import { forget, logOut } from "../session.js";
import { state } from "../store.js";
import { attempt } from "../toast.js";
import { exportCard } from "./exports.js";
import { proofFields } from "./proof.js";
import { addressNote } from "./settings_address.js";
import { moneyForm } from "./settings_money.js";
import { passwordForm } from "./settings_password.js";
import { sessionList } from "./settings_sessions.js";
import { totpSettings } from "./settings_totp.js";
import { tariffList } from "./tariffs.js";

/** {title, node, update()}; `left` is called once nobody is signed in any more. */
export function accountView({ left }) {
  const email = h("p", { class: "hint" });
  const leave = async () => {
    await logOut();
    left();
  };
  const [settings, tariffs, password] = [h("div"), h("div"), h("div")];
  const totp = totpSettings();
  const node = h("div", { class: "narrow account" },
    h("header", { class: "bar" }, h("div", {}, h("h1", {}, "Account"), email),
      h("button", { type: "button", class: "soft", on: { click: () => attempt(leave) } }, "Log out")),
    card("Money, time and readings", settings),
    card("Tariffs", tariffs),
    card("Notifications",
      h("p", {}, "By page, e-mail or webhook, with quiet hours."),
      h("a", { class: "button soft", href: "#/notifications/settings" }, "Choose how you are told")),
    card("Take your data with you", exportCard()),
    card("Password", password),
    card("Two-step log-in", totp.node),
    card("Where you are signed in", sessionList()),
    card("Leave Ghostwatt",
      h("p", {}, "Deletes the account, its devices and all readings. This cannot be undone."),
      h("button", { type: "button", class: "danger", on: { click: () => deleteDialog(left) } }, "Delete account…")));

  function update() {
    if (!state.account) return;
    totp.update();
    if (settings.firstChild) return;
    const list = tariffList();
    setText(email, state.account.email);
    const note = addressNote(state.account);
    if (note) node.querySelector("header").after(note);
    settings.append(moneyForm(state.account, list.refresh));
    tariffs.append(list.node);
    password.append(passwordForm(state.account));
  }

  return { title: "Account", node, update };
}

const card = (title, ...content) => h("section", { class: "card" }, h("h2", {}, title), content);

function deleteDialog(left) {
  openDialog("Delete the account?", (close) => [
    h("p", {}, `Deletes the account ${state.account.email}. Your devices stop working at once, and everything stored goes away.`),
    form({
      className: "stack",
      fields: proofFields(state.account),
      action: "Delete everything",
      tone: "danger",
      cancel: close,
      send: async (proof) => {
        await api.deleteAccount(proof);
        forget();
        left();
      },
    }),
  ]);
}
