// Brings a page to life: what comes over the stream is shown on whatever the page has of it.

import { showCounters, showProject, showUnread } from "./elements.js";
import { RealtimeManager } from "./realtime.js";
import { Regions } from "./regions.js";
import { Toast } from "./toast.js";

const page = document.documentElement.dataset;
const ownProject = document.querySelector("header[data-project-id]")?.dataset.projectId ?? null;
const STATES = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
  "signed-out": "Signed out",
};

const manager = new RealtimeManager({ streamUrl: page.streamUrl, statusUrl: page.statusUrl, cursor: page.cursor });
const toast = new Toast();
const regions = new Regions(showGone);
globalThis.realtimeManager = manager;

manager.onState(showState);
manager.onReset(() => regions.refreshSoon(0, 1000));
manager.connectNotifications(onNotification);
if (document.getElementById("total-projects")) manager.connectDashboard(showCounters);
if (document.querySelector("[data-region]:not([data-region=notifications])")) manager.connectProjects(onProject, ownProject);
document.addEventListener("submit", onNotificationAction);

function onNotification(frame) {
  showUnread(frame.unread_count);
  if (frame.type === "notification" && frame.message) toast.show(frame.message, page.inboxUrl);
  if (frame.id !== undefined && document.getElementById("notifications-list")) regions.refreshSoon(0, 300);
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
  // A project's own page is seen by few and read closely; lists and dashboards are open everywhere.
  if (frame.id !== undefined) regions.refreshSoon(...(ownProject ? [100, 600] : [300, 2500]));
}

function showState(state) {
  const indicator = document.getElementById("connection");
  if (!indicator) return;
  indicator.dataset.state = state;
  indicator.textContent = STATES[state];
  if (state === "signed-out") indicator.replaceChildren(linkTo(page.loginUrl, "Signed out: sign in again"));
}

function showGone(status) {
  if (status !== 404) {
    showState("signed-out");
    return;
  }
  manager.disconnect();
  const message = document.createElement("p");
  message.className = "panel empty";
  message.append("This is no longer here: it was deleted, or it is no longer yours to see. ", linkTo("/", "Go to the start"));
  document.getElementById("main").replaceChildren(message);
}

function linkTo(address, text) {
  const link = document.createElement("a");
  const back = location.pathname + location.search;
  link.href = address === page.loginUrl ? `${address}?next=${encodeURIComponent(back)}` : address;
  link.textContent = text;
  return link;
}

// The notification page works without scripts; with them, its buttons do not reload it.
async function onNotificationAction(event) {
  const form = event.target.closest("form[data-notification-action]");
  if (!form) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  form.closest("details")?.removeAttribute("open");
  try {
    const answer = await fetch(location.href, { method: "POST", body, headers: { Accept: "application/json" } });
    const result = await answer.json();
    if (result.success) showUnread(result.unread_count);
    else toast.show(result.error ?? "That did not work.");
  } catch {
    toast.show("The server cannot be reached. Try again in a moment.");
  }
  regions.refreshSoon(0, 0);
}
