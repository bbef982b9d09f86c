/** The account: money and time, tariffs, export, password, sessions, leaving. */

import * as api from "../../api/client.js";
import { forget, logOut } from "../../api/session.js";
import { state } from "../../store/home.js";
import { proofFields } from "../../ui/credential_fields.js";
import { openDialog } from "../../ui/dialog.js";
import { html, setText } from "../../ui/dom.js";
import { attempt } from "../../ui/feedback.js";
import { form } from "../../ui/form.js";
import { addressNote } from "./address_note.js";
import { exportCard } from "./exports_card.js";
import { moneyForm } from "./money_form.js";
import { passwordForm } from "./password_form.js";
import { sessionList } from "./session_list.js";
import { tariffList } from "./tariff_list.js";
import { totpSettings } from "./totp_settings.js";

/** {title, node, update()}; `left` is called once nobody is signed in any more. */
export function accountPage({ left }) {
  const email = html("p", { class: "hint" });
  const leave = async () => {
    await logOut();
    left();
  };
  const [settings, tariffs, password] = [html("div"), html("div"), html("div")];
  const totp = totpSettings();
  const node = html("div", { class: "narrow account" },
    html("header", { class: "bar" }, html("div", {}, html("h1", {}, "Account"), email),
      html("button", { type: "button", class: "soft", on: { click: () => attempt(leave) } }, "Log out")),
    card("Money, time and readings", settings),
    card("Tariffs", tariffs),
    card("Notifications",
      html("p", {}, "By page, e-mail or webhook, with quiet hours."),
      html("a", { class: "button soft", href: "#/notifications/settings" }, "Choose how you are told")),
    card("Take your data with you", exportCard()),
    card("Password", password),
    card("Two-step log-in", totp.node),
    card("Where you are signed in", sessionList()),
    card("Leave Ghostwatt",
      html("p", {}, "Deletes the account, its devices and all readings. This cannot be undone."),
      html("button", { type: "button", class: "danger", on: { click: () => deleteDialog(left) } }, "Delete account…")));

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

const card = (title, ...content) => html("section", { class: "card" }, html("h2", {}, title), content);

function deleteDialog(left) {
  openDialog("Delete the account?", (close) => [
    html("p", {}, `Deletes the account ${state.account.email}. Your devices stop working at once, and everything stored goes away.`),
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
