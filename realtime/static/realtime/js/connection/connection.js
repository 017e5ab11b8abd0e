// Keeps one connection open, over the best transport that works, for as long as the user is signed in.
//
// At any moment at most one attempt is established (#current) and at most one is under way (#candidate). A candidate beside
// an established attempt replaces it as soon as it is established itself (make before break); events that both deliver are
// deduplicated by id.

import { Attempt } from "./attempt.js";
import { Awakening } from "./awakening.js";
import { Cooldowns } from "./cooldowns.js";
import { Outage } from "./outage.js";

const RECONNECT_JITTER = 2_000; // milliseconds over which the browsers that a server lost reconnect
const STABLE_AFTER = 10_000; // milliseconds after which a lost connection does not count as a failure
const OFFLINE_INTERVAL = 30_000; // milliseconds between two rounds while the browser reports no network
const SWITCH_JITTER = 1_000; // milliseconds over which browsers switch when the server changes the transport
const REMOVED_TRANSPORT_GRACE = 3_000; // milliseconds that a transport is kept after it was removed from the fallback order
const TOO_MANY_REQUESTS = 429; // HTTP status
const LESSER_EVERY = 3; // rounds: while no server can be reached, lesser transports are tried in every third round only

export class Connection {
  #options;
  #checkIdentity;
  #callbacks;
  #environment;
  #cooldowns;
  #outage;
  #awakening;
  #fallbackOrder;
  #current = null;
  #candidate = null;
  #lastTransport = null; // that was established
  #failedTransports = new Map(); // transport -> the reason, in this round
  #roundTimer = null;
  #upgradeTimer = null;
  #removalTimer = null;
  #isOfflineDisproved = false; // a connection works although the browser says that there is no network
  #identityCheck = 0; // grows with whatever makes the result of an earlier check obsolete
  #state;
  #reconnectAfterCheck = false;
  #isOutdated = false; // the subscription has changed while an attempt was under way
  #stopped = false;

  /**
   * @param {{fallbackOrder: string[], makeLink: (transport: string, callbacks: object) =>
   *   import("../transports/link.js").Link, checkIdentity: () => Promise<{result: string, retryAfter?: number}>,
   *   heartbeat: number, state?: string, environment: object}} options `fallbackOrder`: transports, the best first;
   *   `heartbeat` is in milliseconds
   * @param {{onFrames: (frames: object[], link: object) => void, onState: (state: string, transport: string | null) =>
   *   void, onLink?: (report: object) => void, onFallback?: (report: object) => void}} callbacks
   */
  constructor({ fallbackOrder, makeLink, checkIdentity, heartbeat, state = "connecting", environment }, callbacks) {
    this.#fallbackOrder = fallbackOrder;
    this.#options = { makeLink, heartbeat, environment };
    this.#checkIdentity = checkIdentity;
    this.#state = state;
    this.#callbacks = callbacks;
    this.#environment = environment;
    this.#cooldowns = new Cooldowns(environment);
    this.#outage = new Outage(environment);
    this.#awakening = new Awakening(environment);
  }

  /** "connecting", "live", "reconnecting", "offline", "signed-out" or "other-user". */
  get state() {
    return this.#state;
  }

  /** The established transport; null while there is none. */
  get transport() {
    return this.#current?.transport ?? null;
  }

  /** Whether it is disconnected because the server requested a pause. */
  get isPaused() {
    return !this.#current && this.#cooldowns.readyIn(this.#fallbackOrder) > 0;
  }

  start() {
    this.#beginRound();
  }

  /** Disconnect for good. */
  stop() {
    this.#stopped = true;
    this.#disconnect();
  }

  /** Verify that the same user is still signed in. */
  verifyUser() {
    if (!this.#stopped) this.#verifyUser();
  }

  /**
   * Reconnect at once: the network is back, the page is visible again, or it was restored from the back/forward cache.
   * @param {{network?: boolean}} [change] whether the network has changed, so that transports which failed may work now
   */
  reconnectNow({ network = false } = {}) {
    if (this.#stopped) return;
    if (this.#isSignedOut) {
      this.#verifyUser();
      return;
    }
    if (network) {
      this.#cooldowns.clear();
      this.#outage.begin();
      this.#isOfflineDisproved = false;
      if (!this.#current && this.#awakening.isOver) this.#awakening.begin(null);
      this.#candidate?.fail("stale");
    }
    if (this.#current?.isSilent) this.#current.fail("stale");
    else if (this.#current && network) this.#upgrade();
    else if (!this.#current && !this.isPaused) this.#beginRound();
  }

  /** Connect anew, beside the established attempt: what is subscribed to has changed. */
  renew() {
    if (this.#stopped || this.#isSignedOut) return;
    this.#isOutdated = this.#candidate !== null; // the candidate still has the old subscription
    if (this.#current && !this.#candidate) this.#try(this.#current.transport);
  }

  /**
   * The machine was asleep: what is open is dead, although nobody closed it. Reconnect at once over the same transport, of
   * which this says nothing.
   */
  wake() {
    if (this.#stopped) return;
    if (this.#isSignedOut) {
      this.#verifyUser();
      return;
    }
    this.#awakening.begin((this.#current ?? this.#candidate)?.transport ?? this.#lastTransport);
    this.#outage.begin();
    this.#closeAll("stale");
    this.#setState(this.#stateWithoutConnection);
    this.#beginRound();
  }

  /** The browser reports that there is no network. That is a hint: it is ignored once it has been found to be wrong. */
  goOffline() {
    if (this.#stopped || this.#isSignedOut || this.#isOfflineDisproved) return;
    this.#disconnect();
    this.#setState("offline");
    this.#scheduleRound(OFFLINE_INTERVAL);
  }

  /** Use these transports from now on, the best first. */
  setFallbackOrder(order) {
    if (this.#stopped || order.join() === this.#fallbackOrder.join()) return;
    this.#fallbackOrder = order;
    this.#cooldowns.clear();
    this.#environment.clearTimeout(this.#removalTimer);
    if (this.#isSignedOut) return;
    if (this.#candidate && this.#candidate.transport !== order[0]) this.#candidate.fail("told");
    if (!this.#current || this.#current.transport === order[0]) return;
    this.#environment.clearTimeout(this.#upgradeTimer);
    const wait = this.#environment.random() * SWITCH_JITTER;
    this.#upgradeTimer = this.#environment.setTimeout(() => this.#upgrade(), wait);
    if (order.includes(this.#current.transport)) return;
    const removed = this.#current;
    this.#removalTimer = this.#environment.setTimeout(
      () => this.#current === removed && removed.fail("told"),
      REMOVED_TRANSPORT_GRACE,
    );
  }

  get #seemsOffline() {
    return !this.#environment.isOnline() && !this.#isOfflineDisproved;
  }

  get #stateWithoutConnection() {
    return this.#seemsOffline ? "offline" : "reconnecting";
  }

  get #isSignedOut() {
    return this.#state === "signed-out" || this.#state === "other-user";
  }

  // --- rounds: each tries the transports in fallback order until one is established ----------------------------------

  #scheduleRound(milliseconds) {
    this.#environment.clearTimeout(this.#roundTimer);
    const wait = this.#seemsOffline ? Math.max(milliseconds, OFFLINE_INTERVAL) : milliseconds;
    this.#roundTimer = this.#environment.setTimeout(() => this.#beginRound(), wait);
  }

  #beginRound() {
    this.#environment.clearTimeout(this.#roundTimer);
    if (this.#stopped || this.#candidate) return;
    this.#failedTransports.clear();
    const { transport, isOver } = this.#awakening;
    const before = this.#current || isOver ? -1 : this.#fallbackOrder.indexOf(transport) - 1;
    this.#tryNext(Math.max(-1, before));
  }

  /** Try a better transport than the established one. */
  #upgrade() {
    if (this.#current) this.#beginRound();
  }

  #tryNext(index) {
    const transport = this.#nextReady(index);
    if (transport === undefined) this.#roundFailed();
    else this.#try(transport);
  }

  /** The next transport after this index that is ready and better than the established one. */
  #nextReady(after) {
    const established = this.#fallbackOrder.indexOf(this.transport);
    const end = established < 0 ? this.#fallbackOrder.length : established;
    return this.#fallbackOrder
      .slice(0, end)
      .find((transport, index) => index > after && this.#cooldowns.isReady(transport));
  }

  #try(transport) {
    this.#candidate = new Attempt(
      { ...this.#options, transport },
      {
        onEstablished: (attempt) => this.#established(attempt),
        onStable: () => this.#cooldowns.reset(transport),
        onFrames: (frames, link) => this.#callbacks.onFrames(frames, link),
        onEnd: (attempt, end) => this.#ended(attempt, end),
      },
    );
    this.#report(this.#candidate, this.#candidate.link.openReport);
    this.#candidate.open();
  }

  #roundFailed() {
    if (this.#current) {
      this.#startCooldowns();
      this.#scheduleUpgrade();
      return;
    }
    this.#setState(this.#stateWithoutConnection);
    this.#scheduleRound(Math.max(this.#cooldowns.readyIn(this.#fallbackOrder), this.#outage.nextWait()));
  }

  #startCooldowns() {
    for (const transport of this.#failedTransports.keys()) this.#cooldowns.start(transport);
    this.#failedTransports.clear();
  }

  #scheduleUpgrade() {
    this.#environment.clearTimeout(this.#upgradeTimer);
    const better = this.#fallbackOrder.slice(0, Math.max(0, this.#fallbackOrder.indexOf(this.transport)));
    if (!better.length) return;
    const wait = Math.max(1_000, this.#cooldowns.readyIn(better));
    this.#upgradeTimer = this.#environment.setTimeout(() => this.#upgrade(), wait);
  }

  // --- the results of attempts ----------------------------------------------------------------------------------------

  #established(attempt) {
    const replaced = this.#current;
    this.#environment.clearTimeout(this.#roundTimer);
    this.#environment.clearTimeout(this.#removalTimer);
    this.#candidate = null;
    this.#current = attempt;
    this.#lastTransport = attempt.transport;
    this.#awakening.end();
    this.#isOfflineDisproved = !this.#environment.isOnline();
    if (replaced) this.#close(replaced, "replaced");
    this.#failedTransports.delete(attempt.transport);
    if (!replaced) {
      for (const [from, reason] of this.#failedTransports) this.#reportFallback(from, attempt.transport, reason);
    }
    this.#startCooldowns();
    this.#scheduleUpgrade();
    this.#report(attempt, { phase: "worked" });
    this.#setState("live");
    if (this.#isOutdated) this.renew();
  }

  #reportFallback(from, to, reason) {
    this.#environment.debug("fallback", from, to, reason);
    this.#callbacks.onFallback?.({ from, to, reason });
  }

  #close(attempt, reason) {
    attempt.close();
    this.#report(attempt, { phase: "ended", reason });
  }

  #ended(attempt, end) {
    if (attempt === this.#candidate && !this.#current && this.#awakening.excuses(end.reason)) {
      this.#candidate = null;
      this.#report(attempt, { phase: "ended", ...end, reason: "stale" });
      this.#verifyUser({ reconnect: true }); // finds out whether the server can be reached
      return;
    }
    this.#report(attempt, { phase: "ended", ...end });
    // 429 limits the user, whatever the transport; other refusals only concern this transport.
    const paused = end.status === TOO_MANY_REQUESTS ? this.#fallbackOrder : [attempt.transport];
    if (end.retryAfter !== undefined) {
      for (const transport of paused) this.#cooldowns.pause(transport, end.retryAfter);
    }
    if (attempt === this.#candidate) {
      this.#candidate = null;
      this.#candidateFailed(attempt, end);
    } else if (attempt === this.#current) {
      this.#current = null;
      this.#connectionLost(attempt, end);
    }
  }

  #candidateFailed({ transport }, { reason }) {
    if (reason === "told" || reason === "stale") {
      this.#beginRound();
      return;
    }
    this.#failedTransports.set(transport, reason);
    const unreachable = reason === "unreachable" || reason === "restart";
    if (concernsIdentity(reason)) this.#verifyUser({ reconnect: true });
    else if (unreachable && !this.#current && (this.#outage.rounds + 1) % LESSER_EVERY) this.#roundFailed();
    else this.#tryNext(this.#fallbackOrder.indexOf(transport));
  }

  #connectionLost({ transport, uptime, link }, { reason }) {
    if (reason === "stale") this.#awakening.begin(transport);
    this.#environment.clearTimeout(this.#upgradeTimer);
    this.#environment.clearTimeout(this.#removalTimer);
    this.#failedTransports.clear();
    if (uptime >= STABLE_AFTER) this.#outage.begin();
    this.#setState(this.#stateWithoutConnection);
    if (concernsIdentity(reason)) {
      this.#verifyUser({ reconnect: true });
    } else if (this.#candidate) {
      return; // the candidate takes over
    } else if (reason === "silent") {
      // The connection is open but nothing arrives: another one of the same transport would be no better.
      this.#failedTransports.set(transport, reason);
      this.#tryNext(this.#fallbackOrder.indexOf(transport));
    } else if (reason === "stale" || reason === "told") {
      this.#beginRound();
    } else {
      // Quick, because the server may just have restarted; with jitter, because all its browsers reconnect.
      this.#scheduleRound(this.#outage.firstWait(Math.min(RECONNECT_JITTER, link.retry ?? RECONNECT_JITTER)));
    }
  }

  /** Stop if the user is no longer signed in. `reconnect`: a link ended for that reason, so reconnect if the user is. */
  async #verifyUser({ reconnect = false } = {}) {
    const check = ++this.#identityCheck;
    this.#reconnectAfterCheck ||= reconnect; // must outlive an earlier check that this one makes obsolete
    const { result, retryAfter = 0 } = await this.#checkIdentity();
    if (check !== this.#identityCheck || this.#stopped) return;
    const mustReconnect = this.#reconnectAfterCheck;
    this.#reconnectAfterCheck = false;
    if (result === "signed-out" || result === "other-user") {
      this.#disconnect();
      this.#setState(result);
    } else if (this.#isSignedOut) {
      if (result !== "same-user") return;
      this.#setState("reconnecting");
      this.#beginRound();
    } else if (this.#current) {
      this.#roundFailed();
    } else if (mustReconnect && !this.#candidate) {
      this.#setState("reconnecting");
      const isWaking = !this.#awakening.isOver;
      if (isWaking && result === "same-user") this.#awakeningEnded();
      else this.#scheduleRound(Math.max((isWaking ? this.#awakening : this.#outage).nextWait(), retryAfter * 1000));
    }
  }

  /** The server has been reached: whatever fails from now on counts. The transport from before is still tried first. */
  #awakeningEnded() {
    this.#beginRound();
    this.#awakening.end();
  }

  #disconnect() {
    this.#identityCheck += 1;
    this.#reconnectAfterCheck = false;
    this.#closeAll("stopped");
  }

  #closeAll(reason) {
    for (const timer of [this.#roundTimer, this.#upgradeTimer, this.#removalTimer]) this.#environment.clearTimeout(timer);
    const open = [this.#current, this.#candidate].filter(Boolean);
    this.#current = this.#candidate = null;
    for (const attempt of open) this.#close(attempt, reason);
  }

  #report({ link, transport }, report) {
    this.#environment.debug(transport, link.id, report.phase, report.reason ?? "");
    this.#callbacks.onLink?.({ link: link.id, transport, ...report });
  }

  #setState(state) {
    this.#state = state;
    this.#callbacks.onState(state, this.transport);
  }
}

/** Whether a link ended because the session may have changed, which is then verified. */
function concernsIdentity(reason) {
  return ["signed-out", "other-user", "ended"].includes(reason);
}
