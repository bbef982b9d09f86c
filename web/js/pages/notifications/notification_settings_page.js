/** How a person is told: channels, what goes by which, quiet hours, the weekly digest, and trying it out. */

import * as api from "../../api/client.js";
import { oneTimeSecret, openDialog } from "../../ui/dialog.js";
import { html, replaceChildren } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { checkboxField, form, textField } from "../../ui/form.js";
import { agoText } from "../../ui/format.js";
import { loader } from "../../ui/loader.js";
import { NOTICES } from "./notices.js";
import { trial } from "./test_notification.js";

const CHANNELS = { page: "Page", email: "E-mail", webhook: "Webhook" };
const QUIET = { from: "22:00", to: "07:00" }; // offered to who has none yet

/** {title, node, update()}. */
export function notificationSettingsPage() {
  const [content, tryOut] = [html("div", { class: "settings" }), trial()];
  const show = (settings) => replaceChildren(content, choices(settings, saved), tryOut);
  const saved = (settings) => {
    show(settings);
    content.querySelector("[type=submit]").focus(); // the form is a new one: the focus stays where it was
    showToast("Saved.");
    if (settings.webhook?.secret) secretDialog(settings.webhook.secret);
  };
  const part = loader({ content, waiting: "Looking up your choices…", fetchIt: api.notificationSettings, show });
  const node = html("div", { class: "narrow" },
    html("header", { class: "bar" }, html("h1", {}, "How you are told"), html("a", { class: "button quiet", href: "#/notifications" }, "Back")),
    part.node);

  part.refresh();
  return { title: "Notification settings", node, update: () => {} };
}

const card = (title, ...content) => html("section", { class: "card" }, html("h2", {}, title), ...content);

function choices(settings, saved) {
  const { webhook, lastErrors } = settings;
  return form({
    className: "settings",
    fields: [
      card("Ways to reach you", mailField(settings), problem(lastErrors.email), webhookFields(webhook), problem(lastErrors.webhook)),
      card("What goes where", kindTable(settings.kinds)),
      card("When", quietFields(settings), digestField(settings)),
    ],
    action: "Save",
    send: async (values) => saved(await api.chooseNotifications(chosen(values))),
  });
}

const mailField = ({ email, emailAddress, emailAvailable, emailConfirmed }) => checkboxField({
  name: "email", label: "E-mail", checked: email, disabled: !emailAvailable && !email,
  hint: mailHint({ emailAddress, emailAvailable, emailConfirmed }),
});

function mailHint({ emailAddress, emailAvailable, emailConfirmed }) {
  if (!emailAvailable) return "This place is not set up to send mail.";
  return emailConfirmed ? `To ${emailAddress}.` : `To ${emailAddress}, once you have followed the link that was mailed there.`;
}

const webhookFields = (webhook) => [
  textField({
    name: "webhook.url", label: "Webhook", type: "url", value: webhook?.url, maxlength: 2000, autocomplete: "off",
    placeholder: "https://example.org/ghostwatt", hint: "Each notification is posted there as signed JSON. Left empty, nothing is posted.",
  }),
  html("details", { class: "more" },
    html("summary", {}, "Secret of the webhook"),
    textField({
      name: "webhook.secret", label: "A secret of your own", minlength: 16, maxlength: 128, autocomplete: "off", spellcheck: "false",
      hint: webhook ? "Left empty, the one that it has stays." : "Left empty, one is made, and shown once.",
    })),
];

const problem = (failure) => failure &&
  html("p", { class: "problem" }, `Last failed ${agoText(failure.at)}: ${failure.error} `,
    failure.gaveUp ? "It was given up." : "It is tried again.");

function kindTable(kinds) {
  const heads = Object.values(CHANNELS).map((name) => html("th", { scope: "col" }, name));
  const tick = (kind, channel, word) => html("td", { data: { column: CHANNELS[channel] } }, html("input", {
    type: "checkbox", name: `${kind} ${channel}`, checked: kinds[kind].includes(channel), "aria-label": `${word}: ${CHANNELS[channel]}`,
  }));
  const row = ([kind, [, word, sentence]]) => html("tr", {},
    html("th", { scope: "row" }, word, html("small", {}, sentence)), Object.keys(CHANNELS).map((channel) => tick(kind, channel, word)));
  return [
    html("table", { class: "ticks" },
      html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "About"), heads)),
      html("tbody", {}, Object.entries(NOTICES).map(row))),
    html("p", { class: "hint" }, "Page: it counts as unread here. Everything stands in the list of notifications, whatever you choose."),
  ];
}

function quietFields({ quietHours, timezone }) {
  const { from, to } = quietHours ?? QUIET;
  return [
    checkboxField({
      name: "quiet", label: "Quiet hours", checked: quietHours !== null,
      hint: `E-mail and webhook wait until they are over. Time zone: ${timezone}.`,
    }),
    html("div", { class: "pair" },
      textField({ name: "quietHours.from", label: "Quiet from", type: "time", value: from, required: true }),
      textField({ name: "quietHours.to", label: "Quiet until", type: "time", value: to, required: true })),
  ];
}

const digestField = ({ weeklyDigest }) => checkboxField({
  name: "weeklyDigest", label: "Weekly digest", checked: weeklyDigest, hint: "A mail about the week: what was used, what was saved.",
});

/** The form's values as the API takes them. */
function chosen(values) {
  const kinds = Object.fromEntries(Object.keys(NOTICES).map((kind) =>
    [kind, Object.keys(CHANNELS).filter((channel) => values[`${kind} ${channel}`])]));
  const [url, secret] = [values["webhook.url"], values["webhook.secret"]];
  return {
    kinds, email: values.email, weeklyDigest: values.weeklyDigest,
    webhook: url ? { url, secret: secret || null } : null,
    quietHours: values.quiet ? { from: values["quietHours.from"], to: values["quietHours.to"] } : null,
  };
}

function secretDialog(secret) {
  openDialog("The secret of your webhook", (close) => [
    html("p", {}, "The receiver checks with it that a call comes from here."), oneTimeSecret("The secret", secret, close),
  ]);
}
