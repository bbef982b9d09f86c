/** Start, sign-in state, and which page is shown for which address. */

import { ApiError } from "./api/http.js";
import { onEnd, resume } from "./api/session.js";
import { accountPage } from "./pages/account/account_page.js";
import { alwaysOnPage } from "./pages/always_on/always_on_page.js";
import { energyPage } from "./pages/energy/energy_page.js";
import { homePage } from "./pages/home/home_page.js";
import { notificationSettingsPage } from "./pages/notifications/notification_settings_page.js";
import { notificationsPage } from "./pages/notifications/notifications_page.js";
import { outletPage } from "./pages/outlet/outlet_page.js";
import { pairingPage } from "./pages/pairing/pairing_page.js";
import { portsPage } from "./pages/ports/ports_page.js";
import { savingsPage } from "./pages/savings/savings_page.js";
import { confirmAddressPage, resetPasswordPage } from "./pages/welcome/mail_link_pages.js";
import { welcomePage } from "./pages/welcome/welcome_page.js";
import { VIEWS } from "./generated/facts.js";
import { load, onChange, start, state, stop } from "./store/home.js";
import { commonTexts, frameTexts } from "./texts/common.js";
import { descendant, html, icon, setText } from "./ui/dom.js";
import { showToast } from "./ui/feedback.js";

/** @import { Children, Page } from "./ui/types.d.ts" */
/** @typedef {(...parts: string[]) => Page} MakePage gets the parts of the address after the page's name */

const AGE_TEXT_REFRESH_MS = 10_000; // "5 min ago" is written again this often
const MOST_UNREAD_SHOWN = 99;
/** @type {Record<string, MakePage>} */
const PAGES = {
  "#/": homePage,
  "#/pair": pairingPage,
  "#/energy": energyPage, // #/energy/PERIOD/LAST-DAY
  "#/savings": savingsPage,
  "#/always-on": alwaysOnPage,
  "#/port": outletPage, // #/port/ID/RANGE
  "#/ports": portsPage,
  "#/notifications": (page) => (page === "settings" ? notificationSettingsPage() : notificationsPage()),
  "#/account": () => accountPage({ left: signedOut }),
};
/** Links that were mailed: they need no sign-in. @type {Record<string, MakePage>} */
const MAIL_LINKS = {
  "#/confirm": (token) => confirmAddressPage(token, { done: loadIfSignedIn }),
  "#/reset": resetPasswordPage,
};
/** Pages that belong to another page's link in the navigation. @type {Record<string, string>} */
const PARENTS = { "#/savings": "#/energy", "#/always-on": "#/energy", "#/port": "#/", "#/pair": "#/", "#/ports": "#/account" };

const [header, live, nav, main] = ["top", "live", "nav", "view"].map((name) => descendant(document, `[data-part=${name}]`));
const count = html("span", { class: "count" }); // its figure is drawn by the style sheet, and said by the link's label
const bell = navLink("#/notifications", "bell", frameTexts.notifications, count);
const links = [
  navLink("#/", "home", frameTexts.home), navLink("#/energy", "bars", frameTexts.energy), bell, navLink("#/account", "person", frameTexts.account),
];
/** @type {Page | null} */
let page = null;
let isSignedIn = false;

/**
 * @param {string} href
 * @param {string} iconName
 * @param {string} label
 * @param {Children} children
 */
function navLink(href, iconName, label, ...children) {
  return html("a", { href, title: label }, icon(iconName), html("span", { class: "word" }, label), ...children);
}

/**
 * @param {Page} newPage
 * @param {boolean} hasFocus whether the page gets the focus, from its top
 */
function show(newPage, hasFocus) {
  page = newPage;
  main.replaceChildren(page.node);
  header.hidden = !isSignedIn;
  for (const link of links) link.setAttribute("aria-current", linkState(link.hash));
  update();
  if (!hasFocus) return;
  scrollTo(0, 0);
  main.focus();
}

/**
 * Return the aria-current of a link: its own page, a page that belongs to it, or neither.
 * @param {string} hash
 */
function linkState(hash) {
  const { name } = address();
  return hash === name ? "page" : String(hash === PARENTS[name]);
}

/** Split the address into the name of a page and further parts: #/port/ID is ID of #/port. */
function address() {
  const [, name = "", ...parts] = location.hash.split("/");
  return { name: `#/${name}`, parts };
}

/** @param {boolean} hasFocus */
function route(hasFocus) {
  const { name, parts } = address();
  const makeLinked = MAIL_LINKS[name];
  if (makeLinked) show(makeLinked(...parts), hasFocus);
  else if (isSignedIn) show((PAGES[name] ?? homePage)(...parts), hasFocus);
  else if (page?.isLinked) show(welcomePage({ entered }), hasFocus);
}

function update() {
  if (!page) return;
  page.update();
  setText(live, frameTexts.connection[state.live]);
  live.dataset.live = main.dataset.live = state.live;
  count.hidden = state.unread === 0;
  count.dataset.count = String(Math.min(state.unread, MOST_UNREAD_SHOWN));
  bell.setAttribute("aria-label", frameTexts.unread(state.unread));
  document.title = frameTexts.documentTitle(page.title, isSignedIn ? state.unread : 0);
}

function entered(hasFocus = true) {
  isSignedIn = true;
  start();
  if (new URLSearchParams(location.search).has("code")) history.replaceState(null, "", `${location.search}#/pair`);
  route(hasFocus);
}

function signedOut() {
  isSignedIn = false;
  stop();
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  history.replaceState(null, "", `/${location.search}`);
  show(welcomePage({ entered }), true);
}

function loadIfSignedIn() {
  if (isSignedIn) load();
}

/** Addresses of the guides, such as /ports, lead to a view of this page. */
function readPath() {
  const view = VIEWS.find(([path]) => path === location.pathname)?.[1];
  if (view) history.replaceState(null, "", `/${location.search}${location.hash || view}`);
}

async function begin() {
  try {
    if (await resume()) entered(false);
    else if (MAIL_LINKS[address().name]) route(false);
    else show(welcomePage({ entered }), false);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    show(unreachablePage(error.message), false);
  }
}

/**
 * @param {string} text
 * @returns {Page}
 */
function unreachablePage(text) {
  const retry = html("button", { type: "button", class: "primary", on: { click: begin } }, commonTexts.tryAgain);
  return {
    title: frameTexts.offline,
    node: html("div", { class: "splash" }, html("img", { src: "/img/logo.svg", alt: "", width: 56, height: 56 }), html("p", { role: "alert" }, text), retry),
    update: () => {},
  };
}

nav.append(...links);
onChange(update);
onEnd(() => {
  if (!isSignedIn) return;
  signedOut();
  showToast(frameTexts.sessionEnded);
});
addEventListener("hashchange", () => route(true));
// A page that comes to the front again may have slept through messages.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") loadIfSignedIn();
});
setInterval(() => {
  if (isSignedIn) update();
}, AGE_TEXT_REFRESH_MS);
readPath();
begin();
