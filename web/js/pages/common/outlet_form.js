/** The form of one outlet: add, change, delete. */

import * as api from "../../api/client.js";
import { HIGHEST_CHANNEL, NAME_LENGTH, POLICIES } from "../../generated/facts.js";
import { portsOf, putPort, removePort } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { outletFormTexts, outletTexts } from "../../texts/outlet.js";
import { confirmFirst, openDialog } from "../../ui/dialog.js";
import { descendant, html } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { checkboxField, form, inputOf, radioField, selectField, textField } from "../../ui/form.js";
import { KINDS, NEVER_CUT_KINDS } from "./appliance_kinds.js";

/** @import { Port } from "../../api/types.d.ts" */
/** @import { FormValues } from "../../ui/types.d.ts" */
/** @typedef {Pick<Port, "name" | "kind" | "channel" | "policy" | "neverCut" | "thresholdWatts" | "dwellSeconds">} Settings */

/** @param {string} deviceId */
function freeChannel(deviceId) {
  const taken = new Set(portsOf(deviceId).map((port) => port.channel));
  return Array.from({ length: HIGHEST_CHANNEL }, (_, index) => index + 1).find((channel) => !taken.has(channel)) ?? HIGHEST_CHANNEL;
}

/**
 * @param {string} deviceId
 * @returns {Settings}
 */
const newSettings = (deviceId) => ({
  name: "", kind: "unknown", channel: freeChannel(deviceId),
  policy: "notify", neverCut: false, thresholdWatts: null, dwellSeconds: null,
});

/**
 * The form around some settings. Choosing a kind that must stay on ticks never-cut; the person may take the tick away.
 * @param {Settings} settings
 * @param {{ action: string, send: (values: FormValues) => unknown, cancel?: () => void }} options
 */
function settingsForm(settings, options) {
  const texts = outletFormTexts;
  const kinds = KINDS.includes(settings.kind) ? KINDS : [...KINDS, settings.kind];
  const kind = selectField({ name: "kind", label: texts.kind, value: settings.kind, options: kinds });
  const neverCut = checkboxField({ name: "neverCut", label: texts.neverCut, checked: settings.neverCut, hint: texts.neverCutHint });
  kind.addEventListener("change", () => {
    const select = /** @type {HTMLSelectElement} */ (descendant(kind, "select"));
    if (NEVER_CUT_KINDS.includes(select.value)) inputOf(neverCut).checked = true;
  });
  return form({
    className: "stack",
    fields: [
      textField({
        name: "name", label: texts.name, value: settings.name, placeholder: texts.namePlaceholder,
        required: true, maxlength: NAME_LENGTH, autocomplete: "off",
      }),
      html("div", { class: "pair" },
        kind,
        textField({ name: "channel", label: texts.channel, type: "number", min: 1, max: HIGHEST_CHANNEL, required: true, value: settings.channel })),
      radioField({
        name: "policy", label: texts.policy, value: settings.policy, options: POLICIES.map((policy) => [policy, ...outletTexts.policies[policy]]),
      }),
      neverCut,
      fineTuning(settings),
    ],
    ...options,
  });
}

/**
 * The step is any, so that 2.5 is as good as 3; the server says what is out of range.
 * @param {Settings} settings
 */
function fineTuning({ thresholdWatts, dwellSeconds }) {
  const texts = outletFormTexts;
  const number = { type: "number", min: 0, step: "any", placeholder: texts.learned };
  return html("details", { class: "more", open: thresholdWatts !== null || dwellSeconds !== null },
    html("summary", {}, texts.fineTuning),
    html("div", { class: "pair" },
      textField({ name: "thresholdWatts", label: texts.threshold, value: thresholdWatts, ...number }),
      textField({ name: "dwellSeconds", label: texts.dwell, value: toMinutes(dwellSeconds), ...number })),
    html("p", { class: "hint" }, texts.fineTuningHint));
}

/** @param {number | null} seconds */
const toMinutes = (seconds) => (seconds === null ? null : Math.round((seconds / 60) * 100) / 100);

/** @param {string} text */
const numberOrNull = (text) => (text === "" ? null : Number(text));

/**
 * @param {FormValues} values
 * @returns {Settings}
 */
function settingsOf({ name, kind, channel, policy, neverCut, thresholdWatts, dwellSeconds }) {
  const dwellMinutes = numberOrNull(dwellSeconds);
  return {
    name, kind, policy, neverCut,
    channel: Number(channel),
    thresholdWatts: numberOrNull(thresholdWatts),
    dwellSeconds: dwellMinutes === null ? null : Math.round(dwellMinutes * 60),
  };
}

/**
 * @param {Port} port
 * @param {FormValues} values
 * @returns {Partial<Settings>} what differs from the port
 */
const changesOf = (port, values) =>
  Object.fromEntries(Object.entries(settingsOf(values)).filter(([name, value]) => value !== port[/** @type {keyof Settings} */ (name)]));

/**
 * Make the form that adds an outlet to a device.
 * @param {string} deviceId
 * @param {{ done: (port: Port) => void, cancel?: () => void }} options done is called with the new outlet
 * @returns {HTMLFormElement}
 */
export function addOutletForm(deviceId, { done, cancel }) {
  return settingsForm(newSettings(deviceId), {
    action: outletFormTexts.add,
    cancel,
    send: async (values) => {
      const port = await api.addPort({ deviceId, ...settingsOf(values) });
      putPort(port);
      done(port);
    },
  });
}

/**
 * Open the dialog that adds an outlet to a device.
 * @param {string} deviceId
 */
export function addOutletDialog(deviceId) {
  openDialog(outletFormTexts.addTitle, (close) => addOutletForm(deviceId, {
    cancel: close,
    done: (port) => {
      close();
      showToast(outletFormTexts.added(port.name));
    },
  }));
}

/**
 * Open the dialog that changes an outlet.
 * @param {Port} port
 */
export function editOutletDialog(port) {
  openDialog(outletFormTexts.changeTitle(port.name), (close) => settingsForm(port, {
    action: commonTexts.save,
    cancel: close,
    send: async (values) => {
      const changes = changesOf(port, values);
      if (Object.keys(changes).length > 0) putPort(await api.changePort(port.portId, changes));
      close();
    },
  }));
}

/**
 * Ask, then delete an outlet.
 * @param {Port} port
 */
export function deleteOutletDialog({ portId, name }) {
  confirmFirst({
    title: outletFormTexts.deleteTitle(name),
    text: outletFormTexts.deleteText,
    action: outletFormTexts.delete,
    run: async () => {
      await api.deletePort(portId);
      removePort(portId);
    },
  });
}
