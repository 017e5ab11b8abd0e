// Shows the state of the connection: a label, and a sentence with details. Screen readers announce lasting changes, but
// neither short interruptions nor the normal state of each new page.

import { officeTime } from "../realtime/js/pages/clock.js";

const SHORT_INTERRUPTION = 1_500; // milliseconds without a connection that are not shown
const LABELS = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
  "signed-out": "Signed out",
  "other-user": "Signed in as somebody else",
};
const TRANSPORT_LABELS = { websocket: "WebSocket", sse: "SSE", poll: "polling" };
const DETAILS = {
  connecting: "Connecting to the server. Until then the page is as it was when it was loaded.",
  reconnecting: "The connection was lost, and is tried again by itself. Nothing that happens meanwhile is missed.",
  offline: "This device has no network. The page catches up by itself when it has one again.",
  "signed-out": "This page is not kept up to date any longer.",
  "other-user": "This page is not kept up to date any longer.",
};

export class Indicator {
  #label = document.getElementById("connection");
  #transport = document.getElementById("connection-transport");
  #details = document.getElementById("connection-more");
  #detailsText = document.getElementById("connection-about");
  #timer = null;

  /**
   * @param {string} state as of LiveManager.onState
   * @param {{transport: string | null, since: number, leader: boolean, slept?: boolean}} status
   * @param {Node} [link] in place of the label: what the user can do
   */
  show(state, status, link) {
    if (!this.#label) return;
    this.#label.dataset.state = state;
    this.#transport.textContent = state === "live" ? (TRANSPORT_LABELS[status.transport] ?? "") : "";
    this.#detailsText.textContent = detailsOf(state, status);
    this.#details.hidden = Boolean(link);
    clearTimeout(this.#timer);
    // An unchanged label is not set again: a screen reader would announce it again.
    const showLabel = () => {
      if (link) this.#label.replaceChildren(link);
      else if (this.#label.textContent !== LABELS[state]) this.#label.textContent = LABELS[state];
    };
    if (state === "reconnecting" && !status.slept) this.#timer = setTimeout(showLabel, SHORT_INTERRUPTION);
    else showLabel();
    // Announcements begin after the first state that lasts: that a new page becomes live is not announced.
    if (state !== "connecting" && this.#label.getAttribute("aria-live") === "off") {
      if (state === "live") setTimeout(() => this.#label.removeAttribute("aria-live"), SHORT_INTERRUPTION);
      else this.#label.removeAttribute("aria-live");
    }
  }
}

function detailsOf(state, { transport, since, leader }) {
  if (state !== "live") return DETAILS[state];
  const how = { websocket: "at once, by WebSocket", sse: "at once, by Server-Sent Events", poll: "every few seconds, by polling" };
  const tab = leader ? "" : " Another tab holds the connection for this one.";
  return `Changes appear ${how[transport] ?? "at once"}, since ${officeTime(since)}.${tab}`;
}
