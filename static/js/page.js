// Brings a page to life: what comes over the connection is shown on whatever the page has of it.

import "./menus.js";
import { showCounters, showProject, showUnread } from "./elements.js";
import { Indicator } from "./indicator.js";
import { openLive } from "./create_manager.js";
import { Notices } from "./toast_queue.js";
import { Receipts } from "../realtime/js/reports/receipts.js";
import { Regions } from "../realtime/js/pages/regions.js";
import { Toast } from "./toast.js";
import { ToastMark } from "./toast_history.js";
import { world } from "../realtime/js/browser/environment.js";

const page = document.documentElement.dataset;
const ownProject = document.querySelector("header[data-project-id]")?.dataset.projectId ?? null;
const regionNames = new Set([...document.querySelectorAll("[data-region]")].map((region) => region.dataset.region));
const showsNotifications = regionNames.has("notifications") || regionNames.has("profile");
const showsProjects = regionNames.size > 0 && !showsNotifications;
const LOOK = 30000; // milliseconds between two looks at the page while there is no connection

const receipts = new Receipts({
  url: page.receiptsUrl,
  user: page.userId,
  token: document.querySelector("[name=csrfmiddlewaretoken]")?.value,
  world,
});
const manager = openLive({ hooks: receipts.hooks });
addEventListener("pagehide", () => receipts.leave()); // after the manager, which then has ended its connection
document.addEventListener("visibilitychange", () => document.hidden && receipts.leave()); // phones end hidden pages silently
const toast = new Toast();
const notices = new Notices({
  show: ({ message }) => toast.show(message, page.inboxUrl),
  mark: new ToastMark(page.userId),
  isHidden: () => document.hidden,
});
const indicator = new Indicator();
const regions = new Regions({ onGone: showGone, onFresh: takeUnread });
let state = "";
let behind = false; // whether events were missed that only the page itself can make up for
let fromCache = false; // whether the browser has just brought this page back as it was when one left it

manager.onState(showState);
manager.onReset(onReset);
manager.connectNotifications(onNotification);
if (document.getElementById("total-projects")) manager.connectDashboard(showCounters);
if (regionNames.size) manager.connectProjects(onProject, ownProject);
document.addEventListener("submit", onNotificationAction);
document.addEventListener("visibilitychange", () => document.hidden || notices.looked());
addEventListener("pageshow", (event) => (fromCache = event.persisted));
// Without any connection (a proxy that lets nothing but pages through) the page still moves, if slowly.
setInterval(() => ["connecting", "reconnecting"].includes(state) && regionNames.size && regions.refreshSoon(0, 5000), LOOK);

function onReset() {
  behind = true;
  if (regionNames.size) regions.refreshSoon(0, 1000);
}

function onNotification(frame) {
  fromCache = false; // somebody is signed in, and it is who it was
  showUnread(frame.unread_count);
  if (frame.type === "notification" && frame.message) notices.take(frame);
  if (frame.id !== undefined && showsNotifications) regions.refreshSoon(0, 300);
}

function onProject(frame) {
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
  // A project's own page is seen by few and read closely; lists and dashboards are open everywhere.
  if (showsProjects) regions.refreshSoon(...(ownProject ? [100, 600] : [300, 2500]));
  else if (movesNamesOrAccess(frame)) regions.refreshSoon(300, 2500);
}

/** Whether an event changes what a project is called or who may open it: all that an inbox shows of projects. */
function movesNamesOrAccess({ type, changes }) {
  if (type === "project_updated") return "name" in changes;
  return ["project_created", "project_deleted", "assignment_changed", "projects_changed"].includes(type);
}

function showState(now, status) {
  state = now;
  const links = {
    "signed-out": () => signInLink("Signed out: sign in again"),
    "other-user": () => linkTo(location.href, "Somebody else signed in: load again"),
  };
  indicator.show(state, status, links[state]?.());
  if (links[state]) receipts.stop();
  // The way back must not lead whoever sits here now to what somebody saw before signing out.
  if (fromCache && (state === "signed-out" || state === "other-user")) location.reload();
  if (state === "live") regions.catchUp();
}

/** While no connection brings it, the count comes with the page. */
function takeUnread(fresh) {
  if (state === "live" && !behind) return;
  behind = false;
  showUnread(Number(fresh.getElementById("notification-count")?.textContent));
}

function showGone(why) {
  if (why !== 404 && why !== 403) {
    manager.check(); // signed out, or somebody else has signed in: the indicator says which
    return;
  }
  regions.stop(); // the bell goes on
  const message = document.createElement("p");
  message.className = "panel empty";
  message.setAttribute("role", "status");
  const heading = document.createElement("h1");
  heading.textContent = "Gone";
  message.append("This is no longer here: it was deleted, or it is no longer yours to see. ", linkTo("/", "Go to the start"));
  document.title = "Gone · GISTagum";
  document.getElementById("main").replaceChildren(heading, message);
}

function linkTo(address, text) {
  const link = document.createElement("a");
  link.href = address;
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
  if (form.dataset.busy) return; // a double click is one click
  form.dataset.busy = "true";
  const body = new FormData(form, event.submitter);
  form.closest("details")?.removeAttribute("open");
  try {
    const answer = await fetch(location.href, { method: "POST", body, headers: { Accept: "application/json" } });
    const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
    const result = isJson ? await answer.json() : { error: "That did not work. Load the page again, then try once more." };
    if (result.success) showUnread(result.unread_count);
    else toast.show(result.error ?? "That did not work.");
  } catch {
    toast.show("The server cannot be reached. Try again in a moment.");
  } finally {
    delete form.dataset.busy;
  }
  regions.refreshSoon(0, 0);
}
