/** The account: money and time, tariffs, export, password, sessions, leaving. */

import * as api from "../../api/client.js";
import { forgetSession, logOut } from "../../api/session.js";
import { currentAccount, state } from "../../store/home.js";
import { accountTexts } from "../../texts/account.js";
import { portsTexts } from "../../texts/ports.js";
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

/** @import { Proof } from "../../api/types.d.ts" */
/** @import { Children, Page } from "../../ui/types.d.ts" */

/**
 * Make the page.
 * @param {{ left: () => void }} options left is called once nobody is signed in any more
 * @returns {Page}
 */
export function accountPage({ left }) {
  const texts = accountTexts;
  const email = html("p", { class: "hint" });
  const [money, tariffs, password] = [html("div"), html("div"), html("div")];
  const totp = totpSettings();
  const header = html("header", { class: "bar" }, html("div", {}, html("h1", {}, texts.title), email),
    html("button", { type: "button", class: "soft", on: { click: () => attempt(leave) } }, texts.logOut));
  const node = html("div", { class: "narrow account" },
    header,
    card(texts.money, money),
    card(texts.tariffs, tariffs),
    card(texts.notifications,
      html("p", {}, texts.notificationsText),
      html("a", { class: "button soft", href: "#/notifications/settings" }, texts.notificationSettings)),
    card(texts.export, exportCard()),
    card(texts.password, password),
    card(texts.totp, totp.node),
    card(texts.sessions, sessionList()),
    card(portsTexts.cardTitle, html("p", {}, portsTexts.cardText), html("a", { class: "button soft", href: "#/ports" }, portsTexts.link)),
    card(texts.leave,
      html("p", {}, texts.leaveText),
      html("button", { type: "button", class: "danger", on: { click: () => deleteDialog(left) } }, texts.deleteAccount)));

  async function leave() {
    await logOut();
    left();
  }

  function update() {
    if (!state.account) return;
    totp.update();
    if (!money.firstChild) fillForms();
  }

  /** Make the forms once the account is known. */
  function fillForms() {
    const account = currentAccount();
    const list = tariffList();
    setText(email, account.email);
    const note = addressNote(account);
    if (note) header.after(note);
    money.append(moneyForm(account, list.refresh));
    tariffs.append(list.node);
    password.append(passwordForm(account));
  }

  return { title: texts.title, node, update };
}

/**
 * @param {string} title
 * @param {Children} content
 */
const card = (title, ...content) => html("section", { class: "card" }, html("h2", {}, title), ...content);

/** @param {() => void} left */
function deleteDialog(left) {
  const account = currentAccount();
  openDialog(accountTexts.deleteTitle, (close) => [
    html("p", {}, accountTexts.deleteText(account.email)),
    form({
      className: "stack",
      fields: proofFields(account),
      action: accountTexts.deleteEverything,
      tone: "danger",
      cancel: close,
      send: async (values) => {
        await api.deleteAccount(/** @type {Proof} */ (values));
        forgetSession();
        left();
      },
    }),
  ]);
}
