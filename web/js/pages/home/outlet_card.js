/** One outlet as a card: watts now, the last minutes, state, switch. */

import { loadRecentReadings, state } from "../../store/home.js";
import { sparkline } from "../../ui/charts/sparkline.js";
import { menu } from "../../ui/controls.js";
import { html, setText } from "../../ui/dom.js";
import { kindWords, NEVER_CUT_KINDS, POLICY_BADGES, showPicture } from "../common/appliance_kinds.js";
import { deleteOutletDialog, editOutletDialog } from "../common/outlet_form.js";
import { outletNow } from "../common/outlet_now.js";

/** {node, update(port)}. */
export function outletCard({ portId }) {
  const title = html("a", { href: `#/port/${portId}` });
  const name = html("h3", { id: `port-${portId}` }, title);
  const [place, picture, badge] = [html("p", { class: "place" }), html("span", { class: "kind" }), html("span", { class: "badge" })];
  const [now, curve] = [outletNow(portId, name.id), sparkline()];
  const node = html("article", { class: "card port", "aria-labelledby": name.id, data: { portId } },
    html("header", {}, picture, html("div", {}, name, place), menu("More for this outlet", actions(portId))),
    html("div", { class: "now" }, now.watts, curve.node),
    html("footer", {}, html("div", {}, now.status, badge), now.control));

  function update(port) {
    setText(title, port.name);
    setText(place, [kindWords(port), `channel ${port.channel}`].filter(Boolean).join(" · "));
    showPolicy(badge, port);
    showPicture(picture, port.kind);
    now.update(port, node);
    curve.update(state.traces.get(portId) ?? []);
  }

  whenSeen(node, () => loadRecentReadings(portId));
  return { node, update };
}

const actions = (portId) => [
  ["History and energy", () => (location.hash = `#/port/${portId}`)],
  ["Change…", () => editOutletDialog(state.ports.get(portId))],
  ["Delete…", () => deleteOutletDialog(state.ports.get(portId)), "danger"],
];

function showPolicy(badge, { neverCut: isSet, kind, policy }) {
  const neverCut = isSet || NEVER_CUT_KINDS.includes(kind);
  setText(badge, neverCut ? "never cut" : POLICY_BADGES[policy]);
  badge.dataset.policy = neverCut ? "never" : policy;
}

/** Run it once the node first comes into view. */
function whenSeen(node, run) {
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    run();
  }).observe(node);
}
