/** Start, sign-in state, and which view is shown for which address. */

import { h, icon, setText } from "./dom.js";
import { onEnd, resume } from "./session.js";
import { load, onChange, start, state, stop } from "./store.js";
import { say } from "./toast.js";
import { accountView } from "./views/account.js";
import { alwaysOnView } from "./views/always_on.js";
import { energyView } from "./views/energy.js";
import { historyView } from "./views/history.js";
import { homeView } from "./views/home.js";
import { confirmView, resetView } from "./views/mail_link.js";
import { notificationsView } from "./views/notifications.js";
import { pairingView } from "./views/pairing.js";
import { notificationSettingsView } from "./views/settings_notifications.js";
import { savingsView } from "./views/savings.js";
import { welcomeView } from "./views/welcome.js";

const WORDS_AGE_MS = 10_000; // "5 min ago" is written anew this often
const LIVE_WORDS = { connecting: "connecting…", live: "live", reconnecting: "reconnecting…", offline: "offline" };
const VIEWS = {
  "#/": homeView,
  "#/pair": pairingView,
  "#/energy": energyView, // #/energy/PERIOD/LAST-DAY
  "#/savings": savingsView,
  "#/always-on": alwaysOnView,
  "#/port": historyView, // #/port/ID/RANGE
  "#/notifications": (page) => (page === "settings" ? notificationSettingsView() : notificationsView()),
  "#/account": () => accountView({ left: signedOut }),
};
const LINKS = { "#/confirm": confirmView, "#/reset": resetView }; // links that were mailed: they need no sign-in
const HOLDS = { "#/savings": "#/energy", "#/always-on": "#/energy", "#/port": "#/", "#/pair": "#/" }; // which link a view without one belongs to
const part = (name) => document.querySelector(`[data-part=${name}]`);
const [top, live, nav, main] = ["top", "live", "nav", "view"].map(part);
const count = h("span", { class: "count" }); // its figure is drawn by the style sheet, and said by the link's label
let view = null;
let signedIn = false;

function link(href, name, label, ...more) {
  return h("a", { href, title: label }, icon(name), h("span", { class: "word" }, label), ...more);
}
const bell = link("#/notifications", "bell", "Notifications", count);
nav.append(link("#/", "home", "Home"), link("#/energy", "bars", "Energy"), bell, link("#/account", "person", "Account"));

function show(made, focus) {
  view = made;
  main.replaceChildren(view.node);
  top.hidden = !signedIn;
  for (const item of nav.children) item.setAttribute("aria-current", linkState(item.hash));
  update();
  if (!focus) return;
  scrollTo(0, 0);
  main.focus();
}

/** What aria-current says of a link: its own page, a page that belongs to it, or neither. */
function linkState(hash) {
  const { name } = address();
  return hash === name ? "page" : String(hash === HOLDS[name]);
}

/** The address as the name of a view and what of it is wanted: #/port/ID is ID of #/port. */
function address() {
  const [, name = "", ...wanted] = location.hash.split("/");
  return { name: `#/${name}`, wanted };
}

function route(focus) {
  const { name, wanted } = address();
  if (LINKS[name]) show(linked(), focus);
  else if (signedIn) show((VIEWS[name] ?? homeView)(...wanted), focus);
  else if (view?.isLinked) show(welcomeView({ entered }), focus);
}

function update() {
  view.update();
  setText(live, LIVE_WORDS[state.live]);
  live.dataset.live = main.dataset.live = state.live;
  count.hidden = state.unread === 0;
  count.dataset.count = Math.min(state.unread, 99);
  bell.setAttribute("aria-label", state.unread > 0 ? `Notifications, ${state.unread} unread` : "Notifications");
  document.title = `${signedIn && state.unread > 0 ? `(${state.unread}) ` : ""}${view.title} · Ghostwatt`;
}

function entered(focus = true) {
  signedIn = true;
  start();
  if (new URLSearchParams(location.search).has("code")) history.replaceState(null, "", `${location.search}#/pair`);
  route(focus);
}

function signedOut() {
  signedIn = false;
  stop();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  history.replaceState(null, "", `/${location.search}`);
  show(welcomeView({ entered }), true);
}

async function begin() {
  try {
    if (await resume()) entered(false);
    else show(LINKS[address().name] ? linked() : welcomeView({ entered }), false);
  } catch (error) {
    show(unreachable(error.message), false);
  }
}

/** The view of a link that was mailed. */
function linked() {
  const { name, wanted } = address();
  return LINKS[name](...wanted, { done: () => signedIn && load() });
}

function unreachable(text) {
  const again = h("button", { type: "button", class: "primary", on: { click: begin } }, "Try again");
  return {
    title: "Offline",
    node: h("div", { class: "splash" }, h("img", { src: "/img/logo.svg", alt: "", width: 56, height: 56 }), h("p", { role: "alert" }, text), again),
    update: () => {},
  };
}

onChange(update);
onEnd(() => {
  if (!signedIn) return;
  signedOut();
  say("Your session has ended. Please log in again.");
});
addEventListener("hashchange", () => route(true));
// A page that comes to the front again may have slept through messages.
document.addEventListener("visibilitychange", () => signedIn && document.visibilityState === "visible" && load());
setInterval(() => signedIn && update(), WORDS_AGE_MS);
begin();
