/** The form of one outlet: add, change, delete. */

import * as api from "../../api/client.js";
import { HIGHEST_CHANNEL } from "../../generated/facts.js";
import { portsOf, putPort, removePort } from "../../store/home.js";
import { confirmFirst, openDialog } from "../../ui/dialog.js";
import { html } from "../../ui/dom.js";
import { showToast } from "../../ui/feedback.js";
import { checkboxField, form, radioField, selectField, textField } from "../../ui/form.js";
import { KINDS, NEVER_CUT_KINDS, POLICIES } from "./appliance_kinds.js";

function freeChannel(deviceId) {
  const taken = new Set(portsOf(deviceId).map((port) => port.channel));
  return Array.from({ length: HIGHEST_CHANNEL }, (_, index) => index + 1).find((channel) => !taken.has(channel)) ?? HIGHEST_CHANNEL;
}

const fresh = (deviceId) => ({
  name: "", kind: "unknown", channel: freeChannel(deviceId),
  policy: "notify", neverCut: false, thresholdWatts: null, dwellSeconds: null,
});

function fields(port) {
  const kinds = KINDS.includes(port.kind) ? KINDS : [...KINDS, port.kind];
  const channel = { type: "number", min: 1, max: HIGHEST_CHANNEL, required: true, value: port.channel };
  return [
    textField({
      name: "name", label: "Name", value: port.name, placeholder: "Living-room television",
      required: true, maxlength: 80, autocomplete: "off",
    }),
    html("div", { class: "pair" },
      selectField({ name: "kind", label: "Kind of appliance", value: port.kind, options: kinds }),
      textField({ name: "channel", label: "Channel on the meter", ...channel })),
    radioField({ name: "policy", label: "When a phantom is found", value: port.policy, options: POLICIES }),
    checkboxField({
      name: "neverCut", label: "Never cut this outlet", checked: port.neverCut,
      hint: "Nothing switches it off, not even you by mistake.",
    }),
    fineTuning(port),
  ];
}

/** The step is any, so that 2.5 is as good as 3; the server says what is out of range. */
function fineTuning({ thresholdWatts, dwellSeconds }) {
  const figures = { type: "number", min: 0, step: "any", placeholder: "learned" };
  return html("details", { class: "more", open: thresholdWatts !== null || dwellSeconds !== null },
    html("summary", {}, "Fine tuning"),
    html("div", { class: "pair" },
      textField({ name: "thresholdWatts", label: "Phantom below (watts)", value: thresholdWatts, ...figures }),
      textField({ name: "dwellSeconds", label: "Wait before acting (minutes)", value: minutes(dwellSeconds), ...figures })),
    html("p", { class: "hint" }, "Left empty, both are learned from the outlet."));
}

const minutes = (seconds) => (seconds === null ? null : Math.round((seconds / 60) * 100) / 100);
const figure = (text) => (text === "" ? null : Number(text));

function asPort({ name, kind, channel, policy, neverCut, thresholdWatts, dwellSeconds }) {
  const dwellMinutes = figure(dwellSeconds);
  return {
    name, kind, policy, neverCut,
    channel: Number(channel),
    thresholdWatts: figure(thresholdWatts),
    dwellSeconds: dwellMinutes === null ? null : Math.round(dwellMinutes * 60),
  };
}

function changesOf(port, values) {
  return Object.fromEntries(Object.entries(asPort(values)).filter(([name, value]) => value !== port[name]));
}

/** The form to add an outlet; done(port) is called with the new one. */
export function addOutletForm(deviceId, { done, cancel }) {
  return portForm(fresh(deviceId), {
    action: "Add outlet",
    cancel,
    send: async (values) => {
      const port = await api.addPort({ deviceId, ...asPort(values) });
      putPort(port);
      done(port);
    },
  });
}

/** Choosing a kind that must stay on ticks never-cut; the person may take the tick away. */
function portForm(port, options) {
  const node = form({ fields: fields(port), className: "stack", ...options });
  node.elements.kind.addEventListener("change", ({ target }) => {
    if (NEVER_CUT_KINDS.includes(target.value)) node.elements.neverCut.checked = true;
  });
  return node;
}

export function addOutletDialog(deviceId) {
  openDialog("Add an outlet", (close) => {
    const done = (port) => {
      close();
      showToast(`${port.name} was added.`);
    };
    return addOutletForm(deviceId, { done, cancel: close });
  });
}

export function editOutletDialog(port) {
  openDialog(`Change ${port.name}`, (close) => portForm(port, {
    action: "Save",
    cancel: close,
    send: async (values) => {
      const changes = changesOf(port, values);
      if (Object.keys(changes).length > 0) putPort(await api.changePort(port.portId, changes));
      close();
    },
  }));
}

export function deleteOutletDialog(port) {
  confirmFirst({
    title: `Delete ${port.name}?`,
    text: "Its settings, readings and what was learned of it go away. The outlet itself stays as it is.",
    action: "Delete outlet",
    run: async () => {
      await api.deletePort(port.portId);
      removePort(port.portId);
    },
  });
}
