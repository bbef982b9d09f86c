/** One outlet as a card: watts now, the last minutes, state, switch. */

import { h, icon, setText } from "../dom.js";
import { kindIcon, kindWords, NEVER_CUT_KINDS, POLICY_BADGES } from "../kinds.js";
import { menu } from "../menu.js";
import { sparkline } from "../sparkline.js";
import { knowRecent, state } from "../store.js";
import { deletePortDialog, editPortDialog } from "./port_form.js";
import { outletNow } from "./outlet_now.js";

/** {node, update(port)}. */
export function portCard({ portId }) {
  const title = h("a", { href: `#/port/${portId}` });
  const name = h("h3", { id: `port-${portId}` }, title);
  const [place, picture, badge] = [h("p", { class: "place" }), h("span", { class: "kind" }), h("span", { class: "badge" })];
  const [now, curve] = [outletNow(portId, name.id), sparkline()];
  const node = h("article", { class: "card port", "aria-labelledby": name.id, data: { portId } },
    h("header", {}, picture, h("div", {}, name, place), menu("More for this outlet", actions(portId))),
    h("div", { class: "now" }, now.watts, curve.node),
    h("footer", {}, h("div", {}, now.status, badge), now.control));

  function update(port) {
    setText(title, port.name);
    setText(place, [kindWords(port), `channel ${port.channel}`].filter(Boolean).join(" · "));
    showPolicy(badge, port);
    showPicture(picture, port.kind);
    now.update(port, node);
    curve.update(state.traces.get(portId) ?? []);
  }

  whenSeen(node, () => knowRecent(portId));
  return { node, update };
}

const actions = (portId) => [
  ["History and energy", () => (location.hash = `#/port/${portId}`)],
  ["Change…", () => editPortDialog(state.ports.get(portId))],
  ["Delete…", () => deletePortDialog(state.ports.get(portId)), "danger"],
];

function showPolicy(badge, { neverCut: isSet, kind, policy }) {
  const neverCut = isSet || NEVER_CUT_KINDS.includes(kind);
  setText(badge, neverCut ? "never cut" : POLICY_BADGES[policy]);
  badge.dataset.policy = neverCut ? "never" : policy;
}

/** The picture of a kind, drawn anew only when the kind is another one. */
export function showPicture(picture, kind) {
  if (picture.dataset.kind !== kind) picture.replaceChildren(icon(kindIcon((picture.dataset.kind = kind))));
}

/** Run it once the node first comes into view. */
function whenSeen(node, run) {
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    run();
  }).observe(node);
}
