// Live updates as pages see them, whatever brings them: handlers by topic, and the state of the connection.
//
// Below it: a connection (leader.js) in one tab of the browser (shared_connection.js); the ledger, which hands on each event once; and
// what a tab has missed (catch_up.js). What the page was rendered with is where it begins: nothing in between is lost.

import { Alone } from "./tabs/own_connection.js";
import { CatchUp } from "./tabs/catch_up.js";
import { checkFrames, concerned, cursorOf, isCursor, MalformedError, TOPICS, topicOf } from "./wire/frames.js";
import { isWish, Leader } from "./tabs/leader.js";
import { Ledger } from "./tabs/deduplicator.js";
import { newsAddress } from "./transports/link.js";
import { watchMoments } from "./browser/lifecycle.js";
import { askForNews } from "./transports/poll_link.js";
import { canShare, Tabs } from "./tabs/shared_connection.js";
import { world as browser } from "./browser/environment.js";

export class LiveManager {
  #page;
  #world;
  #hooks;
  #wanted; // the transport that the server told this person to use, and why
  #ledger;
  #sharing;
  #catchUp;
  #leader = null; // while this tab holds the connection
  #starting = null;
  #stopped = false;
  #shown = { state: "connecting", transport: null, since: 0 };
  #said = ""; // what the page was told of it last
  #handlers = new Map(Object.values(TOPICS).map((topic) => [topic, new Set()]));
  #onState = new Set();
  #onReset = new Set();

  /**
   * @param {string} transport the one to begin with, while the server says nothing else: "websocket", "sse" or "shadow"
   * @param {object} [options] what is left out is read from the page (the data- attributes of <html>): streamUrl,
   *   socketUrl, pollUrl, statusUrl, cursor, user (the name of whose page it is), userId, heartbeat (seconds). For tests:
   *   world, watch (of the page's moments). For statistics: hooks, with onReceipt({id, transport, shown, receivedAt, link})
   *   for each event as it comes off a link, onCursor({link, cursor, reset}) for each cursor that one tells,
   *   onLink({link, transport, phase, …}) and onFallback({from, to, reason})
   */
  constructor(transport, { world = browser, watch = watchMoments, hooks = {}, ...options } = {}) {
    const { userName, ...page } = globalThis.document?.documentElement.dataset ?? {};
    this.#page = { heartbeat: "15", user: userName ?? "", userId: "", ...page, ...options };
    this.#world = world;
    this.#hooks = hooks;
    this.#wanted = { transport, reason: this.#page.transportReason ?? "" };
    this.#ledger = new Ledger({
      cursor: cursorOf(this.#page.cursor),
      handle: (frame) => this.#handle(frame),
      report: world.report,
    });
    this.#catchUp = new CatchUp({
      ask: (signal) => askForNews(newsAddress({ ...this.#about(), url: this.#page.pollUrl }, world), signal, world),
      cursor: () => this.#ledger.cursor,
      take: (frames) => this.#ledger.take(frames),
      onLost: (target) => this.#skipTo(target),
      onRefused: () => this.check(),
      world,
    });
    this.#sharing = canShare(world) ? new Tabs(this.#page.userId, world, this.#tabHears()) : this.#alone();
    watch({
      onNetwork: (online) => this.#network(online),
      onSeen: (visible) => this.#sharing.seen(visible),
      onLeave: () => this.#leave(),
      onBack: () => this.#start(),
    });
  }

  // --- for pages --------------------------------------------------------------------------------------------------

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
    return () => this.#onReset.delete(callback);
  }

  /**
   * Calls back now and on every change with the state ("connecting", "live", "reconnecting", "offline", "signed-out" or
   * "other-user": somebody else has signed in with this browser) and with what getStatus() says.
   */
  onState(callback) {
    this.#onState.add(callback);
    callback(this.#shown.state, this.getStatus());
    return () => this.#onState.delete(callback);
  }

  /** Begin, if nothing has begun yet: listening does so by itself. */
  connect() {
    this.#stopped = false;
    this.#start();
  }

  /** Ends this tab's part in the connection for good. */
  disconnect() {
    this.#stopped = true;
    this.#leave();
  }

  /** Makes sure that one is still signed in. */
  check() {
    if (!this.#stopped) this.#sharing.ask({ check: true });
  }

  /** How things are. `since` is in milliseconds since 1970; `wanted` is the transport that the server told to use. */
  getStatus() {
    return {
      state: this.#shown.state,
      transport: this.#shown.transport,
      since: this.#shown.since,
      wanted: this.#wanted.transport,
      reason: this.#wanted.reason,
      leader: this.#sharing.leads,
      cursor: this.#ledger.cursor,
      shadow: this.#leader?.shadow ?? null,
    };
  }

  /** The id of the newest event that this page has handled; empty while it is not known. */
  get cursor() {
    return String(this.#ledger.cursor ?? "");
  }

  // --- beginning --------------------------------------------------------------------------------------------------

  #listen(topic, callback) {
    const handlers = this.#handlers.get(topic);
    // A connection of this page's own has not asked for this topic so far.
    if (!handlers.size && this.#sharing instanceof Alone) this.#sharing.stop();
    handlers.add(callback);
    // Several calls in a row make one connection, not one each.
    this.#starting ??= this.#world.setTimeout(() => {
      this.#starting = null;
      this.#start();
    }, 0);
    return () => handlers.delete(callback);
  }

  #start() {
    if (!this.#stopped && this.#page.streamUrl) this.#sharing.start();
  }

  #leave() {
    this.#world.clearTimeout(this.#starting);
    this.#starting = null;
    this.#catchUp.stop();
    this.#sharing.stop();
  }

  #alone() {
    const { onLead, onLetGo, onAsk } = this.#tabHears();
    return new Alone(this.#world, { onLead, onLetGo, onAsk });
  }

  #tabHears() {
    return {
      onLead: () => this.#lead(),
      onLetGo: () => this.#letGo(),
      onBatch: (batch) => this.#fromLeader(batch),
      onStatus: (status) => this.#statusOfLeader(status),
      onAsk: (what) => this.#leader.lookAfter(what),
      onAlone: () => {
        this.#sharing = this.#alone();
        this.#start();
      },
      status: () => ({
        ...this.#shown,
        obeys: this.#leader.obeys,
        cursor: this.#ledger.cursor,
        hidden: this.#world.isHidden(),
      }),
    };
  }

  #network(online) {
    if (online) this.#leader?.lookAfter({ network: true });
    else this.#leader?.goneOffline();
  }

  #lead() {
    this.#catchUp.stop();
    const state = this.#shown.state === "connecting" ? "connecting" : "reconnecting";
    this.#leader = new Leader(
      {
        page: this.#page,
        about: () => this.#about(),
        wanted: this.#wanted.transport,
        state,
        hooks: this.#hooks,
        world: this.#world,
      },
      { onFrames: (frames) => this.#fromServer(frames), onState: (now) => this.#show(now) },
    );
    this.#show({ state, transport: null });
    this.#leader.start(this.#wanted.transport);
  }

  #letGo() {
    this.#leader?.stop();
    this.#leader = null;
  }

  /** What to listen to: a connection for all tabs carries all there is, one for this page only what the page shows. */
  #about() {
    const listening = [...this.#handlers].filter(([, handlers]) => handlers.size).map(([topic]) => topic);
    const all = !(this.#sharing instanceof Alone) || !listening.length;
    const topics = all ? Object.values(TOPICS) : listening;
    return { topics, cursor: this.#ledger.cursor, user: this.#page.userId };
  }

  #fromServer(frames) {
    this.#sharing.tell({ after: this.#ledger.cursor, frames });
    this.#ledger.take(frames);
  }

  // --- what the leader tells the others ---------------------------------------------------------------------------------

  #fromLeader({ after, frames }) {
    try {
      checkFrames(frames);
    } catch (error) {
      if (error instanceof MalformedError) return;
      throw error;
    }
    this.#world.debug("from the leader", this.#ledger.cursor, after, frames);
    const end = Math.max(after ?? 0, ...frames.map((frame) => frame.cursor ?? frame.id ?? 0));
    if (this.#ledger.misses(after)) {
      this.#ledger.take(frames.filter((frame) => frame.type === "transport"));
      this.#reach(end);
      return;
    }
    // A page that was made after this was sent shows newer states than these.
    const old = this.#ledger.cursor !== null && end < this.#ledger.cursor;
    const news = (frame) => isCursor(frame.id) || ["cursor", "reset", "transport"].includes(frame.type);
    this.#ledger.take(old ? frames.filter(news) : frames);
  }

  #statusOfLeader({ state, transport, since, cursor }) {
    this.#show({ state, transport, since });
    if (state === "signed-out" || state === "other-user") return; // nothing is to be had
    if (isCursor(cursor) && this.#ledger.misses(cursor)) this.#reach(cursor);
  }

  #reach(target) {
    if (this.#page.pollUrl) this.#catchUp.reach(target);
    else this.#skipTo(target);
  }

  #skipTo(target) {
    this.#ledger.take([{ type: "reset", reason: "too much was missed", cursor: target }]);
  }

  // --- to the page ------------------------------------------------------------------------------------------------

  #handle(frame) {
    if (frame.type === "transport") {
      if (!isWish(frame.transport)) return;
      this.#wanted = { transport: frame.transport, reason: String(frame.reason ?? "") };
      this.#leader?.use(frame.transport);
      this.#show({});
    } else if (frame.type === "reset") {
      this.#call(this.#onReset, frame);
    } else {
      this.#call(this.#handlers.get(topicOf(frame)), frame);
    }
  }

  #show(now) {
    const before = this.#shown;
    this.#shown = { ...before, ...now };
    const moved = this.#shown.state !== before.state || this.#shown.transport !== before.transport;
    if (moved && !now.since) this.#shown.since = this.#world.date();
    const status = this.getStatus();
    const said = [status.state, status.transport, status.since, status.wanted, status.leader].join();
    if (said === this.#said) return;
    this.#said = said;
    this.#sharing.tellStatus();
    this.#call(this.#onState, status.state, status);
  }

  #call(callbacks, ...what) {
    for (const callback of callbacks) {
      try {
        callback(...what);
      } catch (error) {
        this.#world.report(error); // one part of a page that fails must not keep the others from hearing
      }
    }
  }
}
