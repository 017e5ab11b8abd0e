// Makes a page live: shows what the connection delivers on whichever of the elements and regions the page has.

import "./menus.js";
import { browserEnvironment } from "../realtime/js/browser/environment.js";
import { Painter } from "../realtime/js/pages/painter.js";
import { Regions } from "../realtime/js/pages/regions.js";
import { Receipts } from "../realtime/js/reports/receipts.js";
import { createManager } from "./create_manager.js";
import { showCounters, showProject, showUnread } from "./elements.js";
import { Indicator } from "./indicator.js";
import { Toast } from "./toast.js";
import { ToastHistory } from "./toast_history.js";
import { ToastQueue } from "./toast_queue.js";

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
const toast = new Toast();
const toasts = new ToastQueue({
  show: ({ message }) => toast.show(message, page.inboxUrl),
  history: new ToastHistory(page.userId),
  isHidden: () => document.hidden,
  // Those whose events come after the page's cursor although it shows them: the user's own save, most often.
  onPage: (page.earlyNotifications ?? "").split(",").filter(Boolean).map(Number),
});
const indicator = new Indicator();
const regions = new Regions({ onUnavailable: showUnavailable, onRefresh: refreshed });
const painter = new Painter({ page: page.livePage, regions, onPainted: (ids) => receipts.painted(ids) });
let state = "";
let isBehind = false; // whether events were missed that only a refresh of the page can make up for
let isFromCache = false; // whether the page has just been restored from the back/forward cache

manager.onState(showState);
manager.onReset(onReset);
manager.connectNotifications(onNotification);
if (document.getElementById("total-projects")) manager.connectDashboard(showCounters);
if (regionNames.size) manager.connectProjects(onProject, ownProject);
document.addEventListener("submit", onNotificationAction);
document.addEventListener("visibilitychange", () => document.hidden || toasts.flush());
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
  if (regionNames.size) regions.refreshSoon(0, 1000);
}

function onNotification(frame) {
  isFromCache = false; // the same user is signed in
  showUnread(frame.unread_count);
  if (frame.type === "notification" && frame.message) toasts.add(frame);
  if (frame.id !== undefined && showsNotifications) regions.refreshSoon(0, 300);
}

function onProject(frame) {
  if (frame.type === "regions") {
    painter.paint(frame);
    return;
  }
  for (const project of frame.projects ?? []) showProject(project.id, project);
  if (frame.project_id !== undefined) {
    showProject(frame.project_id, {
      name: frame.name ?? frame.project_name,
      status: frame.new_status ?? frame.status,
      progress: frame.progress,
      spent: frame.formatted_spent,
      spentPercent: frame.spent_percent,
    });
  }
  if (frame.id === undefined) return; // a state, not an event
  // What the server does not send is fetched: a project's own page, which is open in few browsers, quickly.
  if (showsProjects) painter.expect(frame.id, ...(ownProject ? [100, 600] : [300, 2500]));
  else if (changesNameOrAccess(frame)) regions.refreshSoon(300, 2500);
  if (ownProject && mayBeGone(frame)) regions.refreshSoon(100, 600);
}

function mayBeGone({ type, unassigned = [] }) {
  return type === "project_deleted" || unassigned.some(({ id }) => String(id) === page.userId);
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
  showUnread(Number(fresh.getElementById("notification-count")?.textContent));
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

// The notification page works without scripts; with them, its buttons do not reload it.
async function onNotificationAction(event) {
  const form = event.target.closest("form[data-notification-action]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.busy) return; // ignore a double click
  form.dataset.busy = "true";
  const body = new FormData(form, event.submitter);
  form.closest("details")?.removeAttribute("open");
  try {
    const response = await fetch(location.href, { method: "POST", body, headers: { Accept: "application/json" } });
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    const failed = { error: "That did not work. Load the page again, then try once more." };
    const result = isJson ? await response.json() : failed;
    if (result.success) showUnread(result.unread_count);
    else toast.show(result.error ?? "That did not work.");
  } catch {
    toast.show("The server cannot be reached. Try again in a moment.");
  } finally {
    delete form.dataset.busy;
  }
  regions.refreshSoon(0, 0);
}
