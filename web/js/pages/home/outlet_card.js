/** One outlet as a card: watts now, the last minutes, state, switch. */

import { loadRecentReadings, state } from "../../store/home.js";
import { outletTexts } from "../../texts/outlet.js";
import { sparkline } from "../../ui/charts/sparkline.js";
import { menu } from "../../ui/controls.js";
import { html, setText } from "../../ui/dom.js";
import { kindText, NEVER_CUT_KINDS, showKindIcon } from "../common/appliance_kinds.js";
import { deleteOutletDialog, editOutletDialog } from "../common/outlet_form.js";
import { outletNow } from "../common/outlet_now.js";

/** @import { Port } from "../../api/types.d.ts" */
/** @import { Part } from "../../ui/types.d.ts" */
/** @import { Action } from "../../ui/controls.js" */

/**
 * Make the card of an outlet.
 * @param {Port} port
 * @returns {Part<Port>}
 */
export function outletCard({ portId }) {
  const title = html("a", { href: `#/port/${portId}` });
  const name = html("h3", { id: `port-${portId}` }, title);
  const [place, picture, badge] = [html("p", { class: "place" }), html("span", { class: "kind" }), html("span", { class: "badge" })];
  const [now, curve] = [outletNow(portId, name.id), sparkline()];
  const node = html("article", { class: "card port", "aria-labelledby": name.id, data: { portId } },
    html("header", {}, picture, html("div", {}, name, place), menu(outletTexts.more, actions(portId))),
    html("div", { class: "now" }, now.watts, curve.node),
    html("footer", {}, html("div", {}, now.status, badge), now.control));

  /** @param {Port} port */
  function update(port) {
    setText(title, port.name);
    setText(place, [kindText(port), outletTexts.channel(port.channel)].filter(Boolean).join(" · "));
    showPolicy(badge, port);
    showKindIcon(picture, port.kind);
    now.update(port, node);
    curve.update(state.traces.get(portId) ?? []);
  }

  onceVisible(node, () => loadRecentReadings(portId));
  return { node, update };
}

/**
 * @param {string} portId
 * @returns {Action[]}
 */
function actions(portId) {
  /** @param {(port: Port) => void} open a dialog, with the outlet as it is now */
  function withPort(open) {
    const port = state.ports.get(portId);
    if (port) open(port);
  }

  return [
    [outletTexts.actions.open, () => location.assign(`#/port/${portId}`)],
    [outletTexts.actions.change, () => withPort(editOutletDialog)],
    [outletTexts.actions.remove, () => withPort(deleteOutletDialog), "danger"],
  ];
}

/**
 * @param {HTMLElement} badge
 * @param {Port} port
 */
function showPolicy(badge, { neverCut, kind, policy }) {
  const isProtected = neverCut || NEVER_CUT_KINDS.includes(kind);
  setText(badge, isProtected ? outletTexts.neverCut : outletTexts.badges[policy]);
  badge.dataset.policy = isProtected ? "never" : policy;
}

/**
 * Run an action when a node first comes into view.
 * @param {Element} node
 * @param {() => unknown} action
 */
function onceVisible(node, action) {
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    action();
  }).observe(node);
}
