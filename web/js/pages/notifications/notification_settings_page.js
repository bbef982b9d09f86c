/** Settings of notifications: channels, what goes by which, quiet hours, the weekly digest, and a test. */

import * as api from "../../api/client.js";
import { NOTIFICATION_CHANNELS } from "../../generated/facts.js";
import { commonTexts } from "../../texts/common.js";
import { channelTexts, notificationSettingsTexts, noticeTexts } from "../../texts/notifications.js";
import { oneTimeSecret, openDialog } from "../../ui/dialog.js";
import { descendant, html, replaceChildren } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { checkboxField, form, textField } from "../../ui/form.js";
import { agoText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { NOTICE_KINDS } from "./notices.js";
import { testNotificationCard } from "./test_notification.js";

/** @import { NotificationChoices, NotificationSettings } from "../../api/types.d.ts" */
/** @import { Child, FormValues, Page } from "../../ui/types.d.ts" */
/** @import { NoticeKind } from "./notices.js" */
/** @typedef {NotificationSettings["lastErrors"]["email"]} LastError */

const QUIET = { from: "22:00", to: "07:00" }; // the suggestion for people without quiet hours
const texts = notificationSettingsTexts;

/**
 * Make the page.
 * @returns {Page}
 */
export function notificationSettingsPage() {
  const [content, test] = [html("div", { class: "settings" }), testNotificationCard()];
  const show = (/** @type {NotificationSettings} */ settings) => replaceChildren(content, settingsForm(settings, showSaved), test);
  const part = loader({ content, waiting: texts.loading, fetchIt: api.notificationSettings, show });

  /** @param {NotificationSettings} settings */
  function showSaved(settings) {
    show(settings);
    descendant(content, "[type=submit]").focus(); // the form is a new one: the focus stays where it was
    showToast(commonTexts.saved);
    if (settings.webhook?.secret) secretDialog(settings.webhook.secret);
  }

  const node = html("div", { class: "narrow" },
    html("header", { class: "bar" }, html("h1", {}, texts.title), html("a", { class: "button quiet", href: "#/notifications" }, texts.back)),
    part.node);
  part.refresh();
  return { title: texts.title, node, update: () => {} };
}

/**
 * @param {string} title
 * @param {(Child | Child[])[]} content
 */
const card = (title, ...content) => html("section", { class: "card" }, html("h2", {}, title), ...content);

/**
 * @param {NotificationSettings} settings
 * @param {(settings: NotificationSettings) => void} onSaved
 */
function settingsForm(settings, onSaved) {
  const { webhook, lastErrors } = settings;
  return form({
    className: "settings",
    fields: [
      card(texts.channels, mailField(settings), failureNote(lastErrors.email), ...webhookFields(webhook), failureNote(lastErrors.webhook)),
      card(texts.routing, kindTable(settings.kinds), html("p", { class: "hint" }, texts.routingHint)),
      card(texts.when, ...quietFields(settings), digestField(settings)),
    ],
    action: commonTexts.save,
    send: async (values) => onSaved(await api.chooseNotifications(choicesOf(values))),
  });
}

/** @param {NotificationSettings} settings */
const mailField = ({ email, emailAddress, emailAvailable, emailConfirmed }) => checkboxField({
  name: "email", label: channelTexts.email, checked: email, disabled: !emailAvailable && !email,
  hint: emailAvailable ? texts.mailTo(emailAddress, emailConfirmed) : texts.noMail,
});

/** @param {NotificationSettings["webhook"]} webhook */
const webhookFields = (webhook) => [
  textField({
    name: "webhook.url", label: channelTexts.webhook, type: "url", value: webhook?.url, maxlength: 2000, autocomplete: "off",
    placeholder: texts.webhookPlaceholder, hint: texts.webhookHint,
  }),
  html("details", { class: "more" },
    html("summary", {}, texts.secretSection),
    textField({
      name: "webhook.secret", label: texts.ownSecret, minlength: 16, maxlength: 128, autocomplete: "off", spellcheck: "false",
      hint: webhook ? texts.keepSecret : texts.makeSecret,
    })),
];

/** @param {LastError} failure */
const failureNote = (failure) =>
  failure && html("p", { class: "problem" }, texts.lastFailure(agoText(failure.at), failure.error, failure.gaveUp));

/** @param {NotificationSettings["kinds"]} kinds */
function kindTable(kinds) {
  const tick = (/** @type {NoticeKind} */ kind, /** @type {typeof NOTIFICATION_CHANNELS[number]} */ channel) =>
    html("td", { data: { column: channelTexts[channel] } }, html("input", {
      type: "checkbox", name: fieldName(kind, channel), checked: kinds[kind].includes(channel),
      "aria-label": `${noticeTexts[kind][0]}: ${channelTexts[channel]}`,
    }));
  const row = (/** @type {NoticeKind} */ kind) => html("tr", {},
    html("th", { scope: "row" }, noticeTexts[kind][0], html("small", {}, noticeTexts[kind][1])),
    NOTIFICATION_CHANNELS.map((channel) => tick(kind, channel)));
  const heads = NOTIFICATION_CHANNELS.map((channel) => html("th", { scope: "col" }, channelTexts[channel]));
  return html("table", { class: "ticks" },
    html("thead", {}, html("tr", {}, html("th", { scope: "col" }, texts.about), heads)),
    html("tbody", {}, NOTICE_KINDS.map(row)));
}

/** @type {(kind: string, channel: string) => string} */
const fieldName = (kind, channel) => `${kind} ${channel}`;

/** @param {NotificationSettings} settings */
function quietFields({ quietHours, timezone }) {
  const { from, to } = quietHours ?? QUIET;
  return [
    checkboxField({ name: "quiet", label: texts.quiet, checked: quietHours !== null, hint: texts.quietHint(timezone) }),
    html("div", { class: "pair" },
      textField({ name: "quietHours.from", label: texts.quietFrom, type: "time", value: from, required: true }),
      textField({ name: "quietHours.to", label: texts.quietUntil, type: "time", value: to, required: true })),
  ];
}

/** @param {NotificationSettings} settings */
const digestField = ({ weeklyDigest }) =>
  checkboxField({ name: "weeklyDigest", label: texts.digest, checked: weeklyDigest, hint: texts.digestHint });

/**
 * @param {FormValues} values
 * @returns {NotificationChoices}
 */
function choicesOf(values) {
  const kinds = Object.fromEntries(NOTICE_KINDS.map((kind) =>
    [kind, NOTIFICATION_CHANNELS.filter((channel) => values[fieldName(kind, channel)])]));
  const [url, secret] = [values["webhook.url"], values["webhook.secret"]];
  return {
    kinds, email: values.email, weeklyDigest: values.weeklyDigest,
    webhook: url ? { url, secret: secret || null } : null,
    quietHours: values.quiet ? { from: values["quietHours.from"], to: values["quietHours.to"] } : null,
  };
}

/** @param {string} secret */
function secretDialog(secret) {
  openDialog(texts.secretTitle, (close) => [html("p", {}, texts.secretText), oneTimeSecret(texts.secret, secret, close)]);
}
