// Live updates over Server-Sent Events: one stream for the whole page, whatever it shows.
//
// The cursor is the id of the newest event that the page has seen. It starts with the one that the page was rendered
// from (data-cursor on <html>) and goes along on every connection, so that nothing in between is missed; and an event
// is handled once, however often it comes.

import { backoff } from "./backoff.js";

const TOPICS = { notifications: "notifications", dashboard: "dashboard", projects: "projects" };

export class RealtimeManager {
  #streamUrl;
  #statusUrl;
  #cursor;
  #source = null;
  #timer = null;
  #failures = 0;
  #stopped = false;
  #state = "connecting";
  #handlers = new Map(Object.values(TOPICS).map((topic) => [topic, new Set()]));
  #onState = new Set();
  #onReset = new Set();

  /**
   * @param {{streamUrl: string, statusUrl: string, cursor?: string}} options where to listen, where to ask whether
   *   one is signed in, and the cursor of the state that the page shows
   */
  constructor({ streamUrl, statusUrl, cursor = "" }) {
    this.#streamUrl = streamUrl;
    this.#statusUrl = statusUrl;
    this.#cursor = cursor;
    addEventListener("online", () => this.#tryNow());
    addEventListener("offline", () => this.#setState("offline"));
    // A page in the back-forward cache must not hold a connection, and must catch up when it is shown again.
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#tryNow());
  }

  /** Calls back with each frame about one's own notifications; returns a function that ends that. */
  connectNotifications(callback) {
    return this.#listen(TOPICS.notifications, callback);
  }

  /** Calls back with each state of the dashboard's counters. */
  connectDashboard(callback) {
    return this.#listen(TOPICS.dashboard, callback);
  }

  /** Calls back with each event and state of projects; of one project only where an id is given. */
  connectProjects(callback, projectId = null) {
    const wanted = (frame) =>
      projectId === null || concerned(frame) === null || concerned(frame).includes(Number(projectId));
    return this.#listen(TOPICS.projects, (frame) => wanted(frame) && callback(frame));
  }

  /** Calls back when the page's state is too old to be brought up to date by events: load it again. */
  onReset(callback) {
    this.#onReset.add(callback);
  }

  /** Calls back now and on every change with "connecting", "live", "reconnecting", "offline" or "signed-out". */
  onState(callback) {
    this.#onState.add(callback);
    callback(this.#state);
  }

  /** Ends the connection for good. */
  disconnect() {
    this.#stopped = true;
    this.#close();
  }

  get cursor() {
    return this.#cursor;
  }

  #listen(topic, callback) {
    const handlers = this.#handlers.get(topic);
    handlers.add(callback);
    // Several calls in a row open one stream, not one each.
    this.#schedule(0);
    return () => handlers.delete(callback);
  }

  #topics() {
    return [...this.#handlers].filter(([, handlers]) => handlers.size).map(([topic]) => topic);
  }

  #schedule(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), milliseconds);
  }

  #tryNow() {
    if (this.#state !== "signed-out") this.#schedule(0);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #open() {
    this.#close();
    if (this.#stopped || !this.#topics().length) return;
    const url = new URL(this.#streamUrl, location.href);
    url.searchParams.set("topics", this.#topics().join(","));
    if (this.#cursor) url.searchParams.set("last_event_id", this.#cursor);
    const source = new EventSource(url);
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      this.#setState("live");
    };
    source.onmessage = (message) => this.#receive(message);
    source.onerror = () => this.#lost(source);
  }

  #receive(message) {
    const frame = JSON.parse(message.data);
    const seen = Number(this.#cursor || 0);
    if (message.lastEventId) this.#cursor = String(Math.max(seen, Number(message.lastEventId)));
    if (frame.id !== undefined && frame.id <= seen) return;
    if (frame.type === "reset") {
      this.#cursor = message.lastEventId || this.#cursor;
      this.#onReset.forEach((callback) => callback(frame));
      return;
    }
    if (frame.type === "error") {
      this.#askWhy(); // the server ends this stream: find out whether one is still signed in
      return;
    }
    this.#handlers.get(topicOf(frame))?.forEach((callback) => callback(frame));
  }

  #lost(source) {
    if (source !== this.#source) return;
    this.#setState(navigator.onLine ? "reconnecting" : "offline");
    // EventSource comes back by itself after a broken connection, but never after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) this.#askWhy();
  }

  async #askWhy() {
    this.#close();
    let wait = backoff(this.#failures++);
    try {
      const answer = await fetch(this.#statusUrl, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (answer.status === 401) {
        this.#setState("signed-out");
        return;
      }
      wait = Math.max(wait, 1000 * Number(answer.headers.get("Retry-After") ?? 0));
    } catch {
      // Unreachable: only time helps, and the next try says so again.
    }
    this.#schedule(wait);
  }

  #setState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState.forEach((callback) => callback(state));
  }
}

/** The topic that a frame belongs to. */
function topicOf(frame) {
  if (frame.type.startsWith("notification")) return TOPICS.notifications;
  if (frame.type === "dashboard_update") return TOPICS.dashboard;
  return TOPICS.projects;
}

/** The ids of the projects that a frame is about; null when it may be about any. */
function concerned(frame) {
  if (frame.projects) return frame.projects.map((project) => project.id);
  return frame.project_id === undefined ? null : [frame.project_id];
}
