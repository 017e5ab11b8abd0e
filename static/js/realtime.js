// Live updates over Server-Sent Events: one stream for the whole page, whatever it shows.
//
// The cursor is the id of the newest event that the page has seen. It starts with the one that the page was rendered
// from (data-cursor on <html>) and goes along on every connection, so that nothing in between is missed; and an event
// is handled once, however often it comes.

import { backoff } from "./backoff.js";

const TOPICS = { notifications: "notifications", dashboard: "dashboard", projects: "projects" };
const SPEAK_AT_ONCE = [TOPICS.notifications, TOPICS.dashboard]; // the server opens with their state
const SILENCE = 20000; // milliseconds without a first frame: something on the way holds the stream back
const STEADY = 10000; // milliseconds after which a connection counts as a good one
const STALE = 60000; // milliseconds of silence after which a page that is looked at again does not trust its stream
const AWAY = 2000; // milliseconds that a hidden tab keeps its stream: going through tabs need not close any

export class RealtimeManager {
  #streamUrl;
  #statusUrl;
  #user;
  #cursor;
  #source = null;
  #worked = false; // whether anything came over the present stream since it was last lost
  #timer = null; // the next try
  #away = null; // the end of a hidden tab's stream
  #watchdog = null;
  #attempt = 0; // grows with whatever makes an answer that is still to come meaningless
  #failures = 0;
  #steadySince = Infinity;
  #heard = 0;
  #stopped = false;
  #state = "connecting";
  #handlers = new Map(Object.values(TOPICS).map((topic) => [topic, new Set()]));
  #onState = new Set();
  #onReset = new Set();

  /**
   * @param {{streamUrl?: string, statusUrl?: string, cursor?: string, user?: string}} [options] where to listen, where
   *   to ask whether one is signed in, the cursor of the state that the page shows, and the name of whose page it is;
   *   what is left out is read from the page (the data- attributes of <html>)
   */
  constructor(options = {}) {
    const { userName, ...page } = document.documentElement.dataset;
    const { streamUrl, statusUrl, cursor = "", user = "" } = { user: userName, ...page, ...options };
    this.#streamUrl = streamUrl;
    this.#statusUrl = statusUrl;
    this.#cursor = cursor;
    this.#user = user;
    addEventListener("online", () => this.#tryNow());
    addEventListener("offline", () => this.#stopped || this.#over || this.#setState("offline"));
    // A page in the back-forward cache must not hold a connection, and must catch up when it is shown again.
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => event.persisted && this.#schedule(0));
    document.addEventListener("visibilitychange", () => this.#seen(!document.hidden));
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

  /** Calls back now and on every change with "connecting", "live", "reconnecting", "offline", "signed-out" or
   * "other-user" (somebody else has signed in with this browser). */
  onState(callback) {
    this.#onState.add(callback);
    callback(this.#state);
  }

  /** Makes sure that one is still signed in, and connects anew if so. */
  check() {
    if (!this.#stopped) this.#askWhy();
  }

  /** Ends the connection for good. */
  disconnect() {
    this.#stopped = true;
    this.#close();
  }

  get cursor() {
    return this.#cursor;
  }

  /** Whether there is nobody any more for whom to connect. */
  get #over() {
    return this.#state === "signed-out" || this.#state === "other-user";
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
    if (!this.#over) this.#schedule(0);
  }

  // A browser has six connections to a host over HTTP/1.1, for all its tabs together: a seventh tab would wait for
  // ever. So only tabs that somebody looks at hold a stream; the others catch up when they are looked at.
  #seen(visible) {
    clearTimeout(this.#away);
    if (!visible) this.#away = setTimeout(() => this.#close(), AWAY);
    // Signed out too: perhaps one has signed in again in another tab.
    else if (!this.#source || performance.now() - this.#heard > STALE) this.#schedule(0);
  }

  #close() {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = null;
  }

  #open() {
    this.#close();
    if (this.#stopped || document.hidden || !this.#topics().length) return;
    const url = new URL(this.#streamUrl, location.href);
    url.searchParams.set("topics", this.#topics().join(","));
    if (this.#cursor) url.searchParams.set("last_event_id", this.#cursor);
    const speaks = SPEAK_AT_ONCE.some((topic) => this.#topics().includes(topic));
    const source = new EventSource(url);
    this.#source = source;
    this.#worked = false;
    this.#watch(source);
    source.onopen = () => speaks || this.#works();
    source.onmessage = (message) => this.#receive(message);
    source.onerror = () => this.#lost(source);
  }

  /** A proxy that holds the stream back, or a browser without a free connection: open it may look, but nothing comes. */
  #watch(source) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      if (source !== this.#source) return;
      this.#setState(navigator.onLine ? "reconnecting" : "offline");
      this.#askWhy();
    }, SILENCE);
  }

  #works() {
    clearTimeout(this.#watchdog);
    this.#worked = true;
    this.#heard = performance.now();
    this.#steadySince = Math.min(this.#steadySince, this.#heard);
    this.#setState("live");
  }

  #receive(message) {
    const frame = JSON.parse(message.data);
    if (frame.type === "error") {
      this.#askWhy(); // the server ends this stream: find out whether one is still signed in
      return;
    }
    this.#works();
    const seen = Number(this.#cursor || 0);
    if (message.lastEventId) this.#cursor = String(Math.max(seen, Number(message.lastEventId)));
    if (frame.id !== undefined && frame.id <= seen) return;
    if (frame.type === "reset") {
      this.#cursor = message.lastEventId || this.#cursor;
      this.#onReset.forEach((callback) => callback(frame));
      return;
    }
    this.#handlers.get(topicOf(frame))?.forEach((callback) => callback(frame));
  }

  #lost(source) {
    if (source !== this.#source) return;
    if (!this.#over) this.#setState(navigator.onLine ? "reconnecting" : "offline");
    // EventSource comes back by itself after a broken connection, for ever and at a fixed pace, but never after an
    // answer that is no stream. Leave it the first try, after the time that the server gave; the others are ours.
    if (source.readyState === EventSource.CLOSED || !this.#worked) {
      this.#askWhy();
    } else {
      this.#worked = false;
      this.#watch(source);
    }
  }

  async #askWhy() {
    this.#close();
    const attempt = this.#attempt;
    // Only a connection that lasted clears the record: one that breaks again at once is no reason to hurry.
    if (performance.now() - this.#steadySince > STEADY) this.#failures = 0;
    this.#steadySince = Infinity;
    let wait = backoff(this.#failures++);
    try {
      const answer = await fetch(this.#statusUrl, {
        headers: { Accept: "application/json" },
        cache: "no-store",
        signal: AbortSignal.timeout(SILENCE),
      });
      if (attempt !== this.#attempt) return;
      if (answer.status === 401) {
        this.#setState("signed-out");
        return;
      }
      const { user } = answer.ok ? await answer.json() : {};
      if (attempt !== this.#attempt) return;
      if (this.#user && user && user !== this.#user) {
        this.#setState("other-user");
        return;
      }
      wait = Math.max(wait, 1000 * (Number(answer.headers.get("Retry-After")) || 0));
    } catch {
      // Unreachable: only time helps, and the next try says so again.
      if (attempt !== this.#attempt) return;
    }
    if (this.#state === "live" || this.#over) this.#setState("reconnecting");
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

// Pages of the old site look for the class and for one manager by these names (page.js makes the manager).
globalThis.RealtimeManager = RealtimeManager;
