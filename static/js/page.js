// Makes a page live: shows what the connection delivers on whichever of the elements and regions the page has.

import "./menus.js";
import { browserEnvironment } from "../realtime/js/browser/environment.js";
import { Painter } from "../realtime/js/pages/painter.js";
import { Regions } from "../realtime/js/pages/regions.js";
import { Receipts } from "../realtime/js/reports/receipts.js";
import { createManager } from "./create_manager.js";
import { showCounters, showProject, showUnread } from "./elements.js";
import { FormChanges } from "./form_changes.js";
import { Indicator } from "./indicator.js";
import { NotificationActions } from "./notification_actions.js";
import { History } from "./toasts/history.js";
import { News } from "./toasts/news.js";
import { Toasts } from "./toasts/toasts.js";
import { UnsavedForms } from "./unsaved.js";

const page = document.documentElement.dataset;
const ownProject = document.querySelector("header[data-project-id]")?.dataset.projectId ?? null;
const regionNames = new Set([...document.querySelectorAll("[data-region]")].map((region) => region.dataset.region));
const showsNotifications = regionNames.has("notifications") || regionNames.has("profile");
const showsProjects = regionNames.size > 0 && !showsNotifications;
const REFRESH_WITHOUT_CONNECTION = 30000; // milliseconds

const receipts = new Receipts({
  url: page.receiptsUrl,
  user: page.userId,
  token: document.querySelector("[name=csrfmiddlewaretoken]")?.value,
  environment: browserEnvironment,
});
const manager = createManager({ hooks: receipts.hooks });
addEventListener("pagehide", () => receipts.flush()); // after the manager's handler, which ends the connection
// Phones end hidden pages without a further event.
document.addEventListener("visibilitychange", () => document.hidden && receipts.flush());
const toasts = new Toasts({ inboxUrl: page.inboxUrl, undo: (addresses) => actions.undo(addresses) });
const news = new News({
  show: ({ message, project_url: url, notification }) =>
    toasts.add({ message, url, projectId: notification?.project_id ?? null }),
  history: new History(page.userId),
  isHidden: () => document.hidden,
  // Those whose events come after the page's cursor although it shows them: of what was saved a moment before, most often.
  onPage: (page.earlyNotifications ?? "").split(",").filter(Boolean).map(Number),
});
const indicator = new Indicator();
const regions = new Regions({ onUnavailable: showUnavailable, onRefresh: refreshed });
const painter = new Painter({ page: page.livePage, regions, onPainted: (ids) => receipts.painted(ids) });
const actions = new NotificationActions({ regions, toasts, onUnread: showUnread });
const liveForm = document.querySelector("form[data-live-form]");
const formChanges = liveForm && new FormChanges(liveForm);
let state = "";
let isBehind = false; // whether events were missed that only a refresh of the page can make up for
let isFromCache = false; // whether the page has just been restored from the back/forward cache

manager.onState(showState);
// What other parts of the page show as the office shows its own news: {id, at, message, project_url}.
document.addEventListener("news", ({ detail }) => news.add(detail));
document.addEventListener("newsread", ({ detail }) => toasts.drop(detail.project_url));
manager.onReset(onReset);
manager.connectNotifications(onNotification);
new UnsavedForms();
if (document.getElementById("total-projects")) manager.connectDashboard(showCounters);
if (regionNames.size) manager.connectProjects(onProject, ownProject);
if (formChanges) manager.connectProjects((frame) => formChanges.onFrame(frame), formChanges.project);
document.addEventListener("visibilitychange", () => document.hidden || news.flush());
addEventListener("pageshow", (event) => {
  isFromCache = event.persisted;
});
setInterval(refreshWithoutConnection, REFRESH_WITHOUT_CONNECTION);

/** Without any connection (a proxy that lets only pages through) the page is still updated, if slowly. */
function refreshWithoutConnection() {
  if (["connecting", "reconnecting"].includes(state) && regionNames.size) regions.refreshSoon(0, 5000);
}

function onReset() {
  isBehind = true;
  formChanges?.onReset();
  if (regionNames.size) regions.refreshSoon(0, 1000);
}

function onNotification(frame) {
  isFromCache = false; // the same user is signed in
  showUnread(frame.unread_count);
  if (frame.type === "notification" && frame.message) news.add(frame);
  if (frame.id !== undefined && showsNotifications) regions.refreshSoon(0, 300);
}

function onProject(frame) {
  if (frame.type === "regions") {
    painter.paint(frame);
    return;
  }
  const held = new Map(); // asked once for each region: a frame may tell of hundreds of projects
  const holds = (region) => held.has(region) ? held.get(region) : held.set(region, regions.holds(region)).get(region);
  for (const project of frame.projects ?? []) showProject(project.id, project, holds);
  if (frame.project_id !== undefined) {
    showProject(frame.project_id, {
      name: frame.name ?? frame.project_name,
      status: frame.new_status ?? frame.status,
      progress: frame.progress,
      spent: frame.formatted_spent,
      spentPercent: frame.spent_percent,
    }, holds);
  }
  if (frame.id === undefined) return; // a state, not an event
  if (isLost(frame)) toasts.forget(frame.project_id);
  // What the server does not send is fetched: a project's own page, which is open in few browsers, quickly.
  if (showsProjects) painter.expect(frame.id, ...(ownProject ? [100, 600] : [300, 2500]));
  else if (changesNameOrAccess(frame)) regions.refreshSoon(300, 2500);
  if (ownProject && mayBeGone(frame)) regions.refreshSoon(100, 600);
}

function mayBeGone({ type, unassigned = [] }) {
  return type === "project_deleted" || unassigned.some(({ id }) => String(id) === page.userId);
}

/** Whether this user can no longer open the project of an event. */
function isLost({ type, unassigned }) {
  return type === "project_deleted" || (type === "assignment_changed" && unassigned.some(({ id }) => String(id) === page.userId));
}

/** Whether an event changes a project's name or who may see it: an inbox shows nothing else of projects. */
function changesNameOrAccess({ type, changes }) {
  if (type === "project_updated") return "name" in changes;
  return ["project_created", "project_deleted", "assignment_changed", "projects_changed"].includes(type);
}

function showState(newState, status) {
  state = newState;
  const links = {
    "signed-out": () => signInLink("Signed out: sign in again"),
    "other-user": () => linkTo(location.href, "Somebody else signed in: load again"),
  };
  indicator.show(state, status, links[state]?.());
  if (links[state]) receipts.stop();
  // The back button must not show what a user saw before signing out.
  if (isFromCache && (state === "signed-out" || state === "other-user")) location.reload();
  if (state === "live") regions.catchUp();
}

function refreshed(fresh) {
  painter.painted(Number(fresh.documentElement.dataset.cursor));
  updateUnread(fresh);
}

/** While no connection delivers the unread count, it is taken from the refreshed page. */
function updateUnread(fresh) {
  if (state === "live" && !isBehind) return;
  isBehind = false;
  showUnread(Number(fresh.getElementById("notification-exact")?.dataset.count));
}

function showUnavailable(why) {
  if (why !== 404 && why !== 403) {
    manager.check(); // signed out, or somebody else has signed in: the indicator shows which
    return;
  }
  regions.stop(); // notifications continue
  const message = document.createElement("p");
  message.className = "panel empty";
  message.setAttribute("role", "status");
  const heading = document.createElement("h1");
  heading.textContent = "Gone";
  message.append("This is no longer here: it was deleted, or it is no longer yours to see. ", linkTo("/", "Go to the start"));
  document.title = "Gone · GISTagum";
  document.getElementById("main").replaceChildren(heading, message);
}

function linkTo(url, text) {
  const link = document.createElement("a");
  link.href = url;
  link.textContent = text;
  return link;
}

function signInLink(text) {
  return linkTo(`${page.loginUrl}?next=${encodeURIComponent(location.pathname + location.search)}`, text);
}
