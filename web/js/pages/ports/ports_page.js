/** The ports with what a script needs: the id, a token, and ready lines. */

import { state } from "../../store/home.js";
import { commonTexts } from "../../texts/common.js";
import { portsTexts } from "../../texts/ports.js";
import { copyButton } from "../../ui/copying.js";
import { html, reconcileList, setText } from "../../ui/dom.js";
import { curlLine, pythonLines, TOKEN_PLACEHOLDER } from "./ready_code.js";
import { tokenDialog } from "./token_dialog.js";

/** @import { Device, Port } from "../../api/types.d.ts" */
/** @import { Page, Part } from "../../ui/types.d.ts" */
/** @typedef {Map<string, string>} Tokens the tokens that were made while this page is shown, by deviceId */

const API = `${location.origin}/api`;

/**
 * Make the page.
 * @returns {Page}
 */
export function portsPage() {
  /** @type {Tokens} */
  const tokens = new Map();
  /** @type {Map<string, Part<Port>>} */
  const parts = new Map();
  const list = html("div", { class: "stack" });
  const none = html("p", { class: "empty" });
  const node = html("div", { class: "narrow ports stack" },
    html("header", {}, html("h1", {}, portsTexts.title), html("p", { class: "hint" }, portsTexts.intro)), none, list);

  function update() {
    const ports = [...state.ports.values()];
    setText(none, state.account ? portsTexts.none : commonTexts.loadingOutlets);
    none.hidden = ports.length > 0;
    reconcileList(list, parts, ports, (port) => port.portId, (port) => portCard(port, tokens, update));
  }

  return { title: portsTexts.title, node, update };
}

/**
 * @param {Port} port
 * @param {Tokens} tokens
 * @param {() => void} onMade called once a token is made
 * @returns {Part<Port>}
 */
function portCard({ portId, deviceId, name: firstName }, tokens, onMade) {
  const [name, where, note] = [html("h2"), html("p", { class: "hint" }), html("p", { class: "hint" })];
  const [curl, python, id] = [html("code"), html("code"), html("code", {}, portId)];
  const make = html("button", { type: "button", class: "soft", on: { click: makeToken } }, portsTexts.makeToken);
  const node = html("article", { class: "card", "aria-label": firstName, data: { portId } },
    html("header", {}, name, where),
    html("dl", {},
      html("dt", {}, portsTexts.id), html("dd", {}, id, copyButton(portsTexts.copyId(firstName), id)),
      html("dt", {}, portsTexts.token), html("dd", {}, html("span", { class: "hint" }, portsTexts.tokenText), make)),
    note, lines(firstName, portsTexts.curl, curl), lines(firstName, portsTexts.python, python));

  function makeToken() {
    const device = state.devices.get(deviceId);
    if (!device) return;
    tokenDialog(device, (token) => {
      tokens.set(deviceId, token);
      onMade();
    });
  }

  return {
    node,
    update(port) {
      const token = tokens.get(deviceId);
      setText(name, port.name);
      node.setAttribute("aria-label", port.name);
      setText(where, portsTexts.where(state.devices.get(deviceId)?.name ?? deviceId, port.channel));
      setText(note, token ? portsTexts.filled : portsTexts.placeholder);
      setText(curl, curlLine(API, token ?? TOKEN_PLACEHOLDER, portId));
      setText(python, pythonLines(API, token ?? TOKEN_PLACEHOLDER, portId));
    },
  };
}

/**
 * @param {string} portName
 * @param {string} language
 * @param {HTMLElement} code
 */
const lines = (portName, language, code) => html("section", { class: "lines", "aria-label": language },
  html("header", {}, html("h3", {}, language), copyButton(portsTexts.copyLines(portName, language), code)), html("pre", { tabindex: "0" }, code));
