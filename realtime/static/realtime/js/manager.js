// Live updates as pages use them, independent of the transport: handlers for each topic, and the state of the connection.
//
// A manager uses a connection that all tabs share (tabs/) and passes each event on once, beginning with the cursor with
// which the page was rendered. So no event between rendering and connecting is lost.

import { browserEnvironment } from "./browser/environment.js";
import { watchLifecycle as watchBrowserLifecycle } from "./browser/lifecycle.js";
import { WakeDetector } from "./browser/wake_detector.js";
import { CatchUp } from "./tabs/catch_up.js";
import { Deduplicator } from "./tabs/deduplicator.js";
import { isMode, Leader } from "./tabs/leader.js";
import { LivePages } from "./tabs/live_pages.js";
import { OwnConnection } from "./tabs/own_connection.js";
import { canShare, SharedConnection } from "./tabs/shared_connection.js";
import { subscriptionUrl } from "./transports/link.js";
import { pollOnce } from "./transports/poll_link.js";
import { isCursor, MalformedError, parseCursor, projectIdsOf, TOPICS, topicOf, validateFrames } from "./wire/frames.js";

export class LiveManager {
  #page;
  #environment;
  #hooks;
  #mode; // the transport that the server chose for this user, and the reason
  #deduplicator;
  #connection; // SharedConnection or OwnConnection
  #catchUp;
  #leader = null; // while this tab is the leader
  #pages; // the live pages of all tabs
  #wakeDetector;
  #startTimer = null;
  #stopped = false;
  #isSuspended = false;
  #status = { state: "connecting", transport: null, since: 0, slept: false };
  #announcedStatus = ""; // what the callbacks were called with last
  #handlers = new Map(Object.values(TOPICS).map((topic) => [topic, new Set()]));
  #stateCallbacks = new Set();
  #resetCallbacks = new Set();

  /**
   * @param {string} transport the mode unless the server chooses another: "websocket", "sse" or "shadow"
   * @param {object} [options] what is omitted is read from the page (the data- attributes of <html>): streamUrl,
   *   socketUrl, pollUrl, statusUrl, cursor, user (name of the user for whom the page was rendered), userId, heartbeat
   *   (seconds), livePage (name of the page whose regions the server sends). For tests: environment, watchLifecycle. For
   *   reports: hooks, with onReceipt({id, transport, shown, receivedAt, link}) for each event that a link delivers,
   *   onCursor({link, cursor, reset}) for each cursor, onLink({link, transport, phase, …}), onFallback({from, to, reason})
   *   and onWake() after the machine was asleep
   */
  constructor(
    transport,
    { environment = browserEnvironment, watchLifecycle = watchBrowserLifecycle, hooks = {}, ...options } = {},
  ) {
    const { userName, ...page } = globalThis.document?.documentElement.dataset ?? {};
    this.#page = { heartbeat: "15", user: userName ?? "", userId: "", ...page, ...options };
    this.#environment = environment;
    this.#hooks = hooks;
    this.#mode = { transport, reason: this.#page.transportReason ?? "" };
    this.#pages = new LivePages(this.#page.livePage);
    this.#deduplicator = new Deduplicator({
      cursor: parseCursor(this.#page.cursor),
      onFrame: (frame) => this.#dispatch(frame),
      onError: environment.reportError,
    });
    this.#catchUp = new CatchUp({
      poll: (signal) => {
        const subscription = { ...this.#subscription(), url: this.#page.pollUrl };
        return pollOnce(subscriptionUrl(subscription, environment), signal, environment);
      },
      cursor: () => this.#deduplicator.cursor,
      onFrames: (frames) => this.#deduplicator.process(frames),
      onFailed: (target) => this.#resetTo(target),
      onUnauthorized: () => this.check(),
      environment,
    });
    this.#connection = canShare(environment)
      ? new SharedConnection(this.#page.userId, environment, this.#connectionCallbacks())
      : this.#ownConnection();
    this.#wakeDetector = new WakeDetector(environment, () => this.#wake());
    watchLifecycle({
      onNetworkChange: (online) => this.#networkChanged(online),
      onVisibilityChange: (visible) => {
        this.#wakeDetector.check();
        this.#connection.setVisible(visible);
      },
      onSuspend: () => this.#suspend(),
      onResume: () => this.#resume(),
    });
  }

  // --- the interface for pages ------------------------------------------------------------------------------------

  /** Calls back with each frame about the user's own notifications; returns a function that unsubscribes. */
  connectNotifications(callback) {
    return this.#subscribe(TOPICS.notifications, callback);
  }

  /** Calls back with each state of the dashboard's counters. */
  connectDashboard(callback) {
    return this.#subscribe(TOPICS.dashboard, callback);
  }

  /** Calls back with each event and state of projects; of one project only if an id is given. */
  connectProjects(callback, projectId = null) {
    const concernsProject = (frame) =>
      projectId === null || projectIdsOf(frame) === null || projectIdsOf(frame).includes(Number(projectId));
    return this.#subscribe(TOPICS.projects, (frame) => concernsProject(frame) && callback(frame));
  }

  /** Calls back with each event, ephemeral message and state of the person's conversations. */
  connectMessages(callback) {
    return this.#subscribe(TOPICS.messages, callback);
  }

  /** Calls back when the page's state is too old to be updated by events and must be reloaded. */
  onReset(callback) {
    this.#resetCallbacks.add(callback);
    return () => this.#resetCallbacks.delete(callback);
  }

  /**
   * Calls back now and on every change with the state ("connecting", "live", "reconnecting", "offline", "signed-out" or
   * "other-user": somebody else has signed in with this browser) and with the result of getStatus().
   */
  onState(callback) {
    this.#stateCallbacks.add(callback);
    callback(this.#status.state, this.getStatus());
    return () => this.#stateCallbacks.delete(callback);
  }

  /** Connect. Not needed before the first call of a connect…() method, but after disconnect(). */
  connect() {
    this.#stopped = false;
    this.#start();
  }

  /** Disconnect this tab for good. */
  disconnect() {
    this.#stopped = true;
    this.#suspend();
  }

  /** Verify that the same user is still signed in. */
  check() {
    if (!this.#stopped) this.#connection.request({ check: true });
  }

  /**
   * The current status. `since` is in milliseconds since 1970; `wanted` is the transport that the server chose; `slept`: the
   * machine or the page was asleep, and has not been live since.
   */
  getStatus() {
    return {
      state: this.#status.state,
      transport: this.#status.transport,
      since: this.#status.since,
      slept: this.#status.slept,
      wanted: this.#mode.transport,
      reason: this.#mode.reason,
      leader: this.#connection.isLeader,
      cursor: this.#deduplicator.cursor,
      shadow: this.#leader?.shadow ?? null,
    };
  }

  /** The id of the newest event that this page has handled; empty while it is unknown. */
  get cursor() {
    return String(this.#deduplicator.cursor ?? "");
  }

  // --- starting and stopping --------------------------------------------------------------------------------------

  #subscribe(topic, callback) {
    const handlers = this.#handlers.get(topic);
    // A connection of this tab's own is not subscribed to this topic yet.
    if (!handlers.size && this.#connection instanceof OwnConnection) this.#connection.stop();
    handlers.add(callback);
    // Several calls in a row open one connection.
    this.#startTimer ??= this.#environment.setTimeout(() => {
      this.#startTimer = null;
      this.#start();
    }, 0);
    return () => handlers.delete(callback);
  }

  #start() {
    if (this.#stopped || !this.#page.streamUrl) return;
    this.#isSuspended = false;
    this.#wakeDetector.start();
    this.#connection.start();
  }

  #suspend() {
    this.#environment.clearTimeout(this.#startTimer);
    this.#startTimer = null;
    this.#wakeDetector.stop();
    this.#catchUp.stop();
    this.#connection.stop();
    this.#isSuspended = true;
  }

  #resume() {
    if (this.#isSuspended && !this.#stopped) this.#becomeStale();
    this.#start();
  }

  /** What the page shows is old: say so before anybody can find out how old. */
  #becomeStale() {
    if (this.#status.state === "live") this.#setStatus({ state: "reconnecting", transport: null, slept: true });
  }

  #ownConnection() {
    const { onBecomeLeader, onResign, onRequest } = this.#connectionCallbacks();
    return new OwnConnection(this.#environment, { onBecomeLeader, onResign, onRequest });
  }

  #connectionCallbacks() {
    return {
      onBecomeLeader: () => this.#becomeLeader(),
      onResign: () => this.#resign(),
      onBatch: (batch) => this.#receiveBatch(batch),
      onStatus: (status) => this.#receiveStatus(status),
      onRequest: (request) => {
        if (this.#pages.add(request.page)) this.#leader.renew();
        // A tab in front says so: this one's timers may be held back.
        if (request.woke) this.#wakeDetector.check({ awake: true });
        else this.#leader.checkConnection(request);
      },
      page: () => this.#pages.own,
      onUnavailable: () => {
        this.#connection = this.#ownConnection();
        this.#start();
      },
      status: () => ({
        ...this.#status,
        obeys: this.#leader.isPaused,
        pages: this.#pages.names,
        cursor: this.#deduplicator.cursor,
        hidden: this.#environment.isHidden(),
      }),
    };
  }

  /** The machine was asleep. Until the leader has connected anew nobody knows what this page has missed. */
  #wake() {
    this.#hooks.onWake?.();
    this.#becomeStale();
    this.#catchUp.stop(); // its request is dead; the leader's next message tells what is missing
    if (this.#leader) this.#leader.wake();
    else this.#connection.request({ woke: true });
  }

  #networkChanged(online) {
    this.#wakeDetector.check();
    if (online) this.#leader?.checkConnection({ network: true });
    else this.#leader?.goOffline();
  }

  #becomeLeader() {
    this.#catchUp.stop();
    const state = this.#status.state === "connecting" ? "connecting" : "reconnecting";
    this.#leader = new Leader(
      {
        page: this.#page,
        subscription: () => this.#subscription(),
        mode: this.#mode.transport,
        state,
        hooks: this.#hooks,
        environment: this.#environment,
      },
      { onFrames: (frames) => this.#receiveFrames(frames), onState: (status) => this.#setStatus(status) },
    );
    this.#setStatus({ state, transport: null });
    this.#leader.start(this.#mode.transport);
  }

  #resign() {
    this.#leader?.stop();
    this.#leader = null;
  }

  /** A shared connection subscribes to all topics, a tab's own only to those that the page has handlers for. */
  #subscription() {
    const handled = [...this.#handlers].filter(([, handlers]) => handlers.size).map(([topic]) => topic);
    const all = !(this.#connection instanceof OwnConnection) || !handled.length;
    const topics = all ? Object.values(TOPICS) : handled;
    return { topics, pages: this.#pages.names, cursor: this.#deduplicator.cursor, user: this.#page.userId };
  }

  #receiveFrames(frames) {
    this.#connection.broadcast({ after: this.#deduplicator.cursor, frames });
    this.#deduplicator.process(frames);
  }

  // --- messages from the leader -----------------------------------------------------------------------------------

  #receiveBatch({ after, frames }) {
    try {
      validateFrames(frames);
    } catch (error) {
      if (error instanceof MalformedError) return;
      throw error;
    }
    this.#environment.debug("from the leader", this.#deduplicator.cursor, after, frames);
    if (after !== null && !isCursor(after)) return;
    const positions = frames.flatMap(({ id, cursor }) => [id, cursor]).filter(isCursor);
    const end = Math.max(after ?? 0, ...positions);
    if (this.#deduplicator.hasGapBefore(after)) {
      this.#deduplicator.process(frames.filter((frame) => frame.type === "transport"));
      this.#catchUpTo(end);
      return;
    }
    // If this page was rendered after the batch was sent, its states are newer than those of the batch.
    const isOld = this.#deduplicator.cursor !== null && end < this.#deduplicator.cursor;
    const isNoState = (frame) => isCursor(frame.id) || ["cursor", "reset", "transport"].includes(frame.type);
    this.#deduplicator.process(isOld ? frames.filter(isNoState) : frames);
  }

  #receiveStatus({ state, transport, since, cursor, pages }) {
    this.#setStatus({ state, transport, since });
    // A new leader does not know the pages of the other tabs yet.
    const isAsking = Array.isArray(pages) && !this.#environment.isHidden();
    if (isAsking && this.#pages.isMissingFrom(pages, this.#environment.now())) this.#connection.request({});
    if (state === "signed-out" || state === "other-user") return; // polling would be refused
    if (isCursor(cursor) && this.#deduplicator.hasGapBefore(cursor)) this.#catchUpTo(cursor);
  }

  #catchUpTo(target) {
    if (this.#page.pollUrl) this.#catchUp.catchUpTo(target);
    else this.#resetTo(target);
  }

  #resetTo(target) {
    this.#deduplicator.process([{ type: "reset", reason: "too much was missed", cursor: target }]);
  }

  // --- calling the page's handlers --------------------------------------------------------------------------------

  #dispatch(frame) {
    if (frame.type === "transport") {
      if (!isMode(frame.transport)) return;
      this.#mode = { transport: frame.transport, reason: String(frame.reason ?? "") };
      this.#leader?.setMode(frame.transport);
      this.#setStatus({});
    } else if (frame.type === "reset") {
      this.#call(this.#resetCallbacks, frame);
    } else {
      this.#call(this.#handlers.get(topicOf(frame)), frame);
    }
  }

  #setStatus(changes) {
    const before = this.#status;
    this.#status = { ...before, ...changes };
    const changed = this.#status.state !== before.state || this.#status.transport !== before.transport;
    if (changed && !changes.since) this.#status.since = this.#environment.date();
    if (this.#status.state === "live") this.#status.slept = false;
    const status = this.getStatus();
    const announced = [status.state, status.transport, status.since, status.wanted, status.leader].join();
    if (announced === this.#announcedStatus) return;
    this.#announcedStatus = announced;
    this.#connection.broadcastStatus();
    this.#call(this.#stateCallbacks, status.state, status);
  }

  #call(callbacks, ...what) {
    for (const callback of callbacks) {
      try {
        callback(...what);
      } catch (error) {
        this.#environment.reportError(error); // a callback that fails must not keep the others from being called
      }
    }
  }
}
