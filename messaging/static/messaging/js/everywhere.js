// On every page: how many messages are unread, a toast for a message whose conversation is not open, and telling the sender
// that a message has arrived here.

import { createApi } from "./api.js";
import { Arrivals } from "./arrivals.js";
import { csrfToken } from "./csrf.js";
import { Kept } from "./kept.js";
import { announcement } from "./message_view.js";

const link = document.getElementById("messages-link");
const manager = globalThis.realtimeManager;
const me = document.documentElement.dataset.userId;

if (link && manager) {
  const api = createApi({ url: link.dataset.api, token: csrfToken, me });
  const kept = new Kept(me);
  kept.clearOthers();
  forgetAtSignOut(kept);
  let muted = new Set(link.dataset.muted.split(",").filter(Boolean).map(Number));
  const arrivals = new Arrivals({ post: (ids) => api.post("delivered/", { messages: ids }) });
  manager.connectMessages((frame) => {
    if (frame.type === "messages_unread") showUnread(frame);
    else if (frame.type === "message_created" && String(frame.message.sender_id) !== me) {
      if ("delivered_at" in frame.message) arrivals.add(frame.message.id);
      if (!muted.has(frame.conversation_id) && !isOpen(frame.conversation_id)) tell(frame);
    } else if (frame.type === "conversation_changed" && frame.what === "muted") {
      api.get("muted/").then((answer) => {
        muted = new Set(answer.muted);
      }).catch(() => {}); // the next page knows
    }
  });
}

/** The badge: hidden at 0, "99+" above 99. */
function showUnread({ unread }) {
  if (!Number.isInteger(unread)) return;
  const badge = document.getElementById("messages-count");
  badge.textContent = unread > 99 ? "99+" : String(unread);
  badge.classList.toggle("hidden", unread === 0);
  document.getElementById("messages-exact").textContent = unread.toLocaleString("en-US");
}

/** Whether this page shows the conversation. */
function isOpen(id) {
  const shown = document.querySelector(`[data-open-conversation="${Number(id)}"]`);
  return Boolean(shown?.offsetParent);
}

/** The site shows it as it shows its own news (static/js/page.js). */
function tell({ id, at, message }) {
  const url = `${link.pathname}${message.conversation_id}/`;
  document.dispatchEvent(new CustomEvent("news", { detail: { id, at, message: announcement(message), project_url: url } }));
}

/** Drafts, and what waits to be sent, are not for whoever signs in next. Other tabs must not keep theirs either. */
function forgetAtSignOut(kept) {
  const tabs = globalThis.BroadcastChannel ? new BroadcastChannel(`gistagum-messages-${me}`) : null;
  tabs?.addEventListener("message", () => kept.clear());
  document.addEventListener("submit", ({ target }) => {
    if (target.dataset.endsSession === undefined) return;
    kept.clear();
    tabs?.postMessage("signed out");
  });
}
