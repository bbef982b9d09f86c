/** Start, sign-in state, and which view is shown for which address. */

import { onEnd, resume } from "./api/session.js";
import { accountPage } from "./pages/account/account_page.js";
import { alwaysOnPage } from "./pages/always_on/always_on_page.js";
import { energyPage } from "./pages/energy/energy_page.js";
import { homePage } from "./pages/home/home_page.js";
import { notificationSettingsPage } from "./pages/notifications/notification_settings_page.js";
import { notificationsPage } from "./pages/notifications/notifications_page.js";
import { outletPage } from "./pages/outlet/outlet_page.js";
import { pairingPage } from "./pages/pairing/pairing_page.js";
import { savingsPage } from "./pages/savings/savings_page.js";
import { confirmAddressPage, resetPasswordPage } from "./pages/welcome/mail_link_pages.js";
import { welcomePage } from "./pages/welcome/welcome_page.js";
import { load, onChange, start, state, stop } from "./store/home.js";
import { html, icon, setText } from "./ui/dom.js";
import { showToast } from "./ui/feedback.js";

const AGE_TEXT_REFRESH_MS = 10_000; // "5 min ago" is written anew this often
const LIVE_WORDS = { connecting: "connecting…", live: "live", reconnecting: "reconnecting…", offline: "offline" };
const VIEWS = {
  "#/": homePage,
  "#/pair": pairingPage,
  "#/energy": energyPage, // #/energy/PERIOD/LAST-DAY
  "#/savings": savingsPage,
  "#/always-on": alwaysOnPage,
  "#/port": outletPage, // #/port/ID/RANGE
  "#/notifications": (page) => (page === "settings" ? notificationSettingsPage() : notificationsPage()),
  "#/account": () => accountPage({ left: signedOut }),
};
const LINKS = { "#/confirm": confirmAddressPage, "#/reset": resetPasswordPage }; // links that were mailed: they need no sign-in
const HOLDS = { "#/savings": "#/energy", "#/always-on": "#/energy", "#/port": "#/", "#/pair": "#/" }; // which link a view without one belongs to
const part = (name) => document.querySelector(`[data-part=${name}]`);
const [top, live, nav, main] = ["top", "live", "nav", "view"].map(part);
const count = html("span", { class: "count" }); // its figure is responsiveChart by the style sheet, and said by the link's label
let view = null;
let signedIn = false;

function link(href, name, label, ...more) {
  return html("a", { href, title: label }, icon(name), html("span", { class: "word" }, label), ...more);
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
  else if (signedIn) show((VIEWS[name] ?? homePage)(...wanted), focus);
  else if (view?.isLinked) show(welcomePage({ entered }), focus);
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
  show(welcomePage({ entered }), true);
}

async function begin() {
  try {
    if (await resume()) entered(false);
    else show(LINKS[address().name] ? linked() : welcomePage({ entered }), false);
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
  const again = html("button", { type: "button", class: "primary", on: { click: begin } }, "Try again");
  return {
    title: "Offline",
    node: html("div", { class: "splash" }, html("img", { src: "/img/logo.svg", alt: "", width: 56, height: 56 }), html("p", { role: "alert" }, text), again),
    update: () => {},
  };
}

onChange(update);
onEnd(() => {
  if (!signedIn) return;
  signedOut();
  showToast("Your session has ended. Please log in again.");
});
addEventListener("hashchange", () => route(true));
// A page that comes to the front again may have slept through messages.
document.addEventListener("visibilitychange", () => signedIn && document.visibilityState === "visible" && load());
setInterval(() => signedIn && update(), AGE_TEXT_REFRESH_MS);
begin();
