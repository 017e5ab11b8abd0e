// Keeps one connection alive over a ladder of transports, the best first, for as long as somebody is signed in.
//
// At any moment there is at most one link that works (#current) and one that is being tried (#trial). A trial beside a
// working link replaces it the moment it works itself: made before broken, and what both bring is told apart by its id.

import { Attempt } from "./attempt.js";
import { backoff } from "../wire/backoff.js";
import { Rungs } from "./cooldowns.js";

const SPREAD = 2_000; // milliseconds over which the browsers that a server lost come back
const STEADY = 10_000; // milliseconds after which a connection counts as a good one
const OFFLINE = 30_000; // milliseconds between two tries while the browser says that there is no network
const MOVE = 1_000; // milliseconds over which browsers move that are told to
const TAKEN_AWAY = 3_000; // milliseconds that a transport is kept on that one is told to leave
const TOO_OFTEN = 429; // HTTP status
const HOPELESS = 2; // rounds that found no server at all, after which lesser transports are tried all the same

export class Connection {
  #options;
  #askStatus;
  #hears;
  #world;
  #rungs;
  #ladder;
  #current = null;
  #trial = null;
  #missed = new Map(); // transport -> why it failed in this round
  #timer = null; // the next round
  #upgrade = null; // the next try of something better
  #leave = null; // the end of a transport that was taken away
  #failures = 0;
  #turn = 0; // grows with whatever makes an answer that is still to come meaningless
  #state;
  #comeBack = false; // whether a link ended over who is signed in, and the answer is still to come
  #stopped = false;

  /**
   * @param {{ladder: string[], makeLink: (transport: string, hears: object) => import("../transports/link.js").Link,
   *   askStatus: () => Promise<{is: string, retryAfter?: number}>, heartbeat: number, state?: string, world: object}}
   *   options `askStatus` says "fine", "signed-out", "other-user" or "unknown"; `heartbeat` is in milliseconds
   * @param {{onFrames: (frames: object[], link: object) => void, onState: (state: string, transport: string | null) =>
   *   void, onLink?: (what: object) => void, onFallback?: (what: object) => void}} hears
   */
  constructor({ ladder, makeLink, askStatus, heartbeat, state = "connecting", world }, hears) {
    this.#ladder = ladder;
    this.#options = { makeLink, heartbeat, world };
    this.#askStatus = askStatus;
    this.#state = state;
    this.#hears = hears;
    this.#world = world;
    this.#rungs = new Rungs(world);
  }

  /** "connecting", "live", "reconnecting", "offline", "signed-out" or "other-user". */
  get state() {
    return this.#state;
  }

  /** The transport that works now; null while none does. */
  get transport() {
    return this.#current?.transport ?? null;
  }

  /** Whether it stays away because a server asked for that. */
  get obeys() {
    return !this.#current && this.#rungs.opensIn(this.#ladder) > 0;
  }

  start() {
    this.#beginRound();
  }

  /** End it for good. */
  stop() {
    this.#stopped = true;
    this.#drop();
  }

  /** Make sure that somebody, and the same person, is still signed in. */
  check() {
    if (!this.#stopped) this.#verify();
  }

  /**
   * Try at once: the network is back, somebody looks at the page again, the page is back from the browser's cache.
   * @param {{network?: boolean}} [why] whether the network has changed: then what failed before may work now
   */
  tryNow({ network = false } = {}) {
    if (this.#stopped) return;
    if (this.#isOver) {
      this.#verify();
      return;
    }
    if (network) {
      this.#rungs.reopen();
      this.#failures = 0;
      this.#trial?.giveUp("stale");
    }
    if (this.#current?.isSilent) this.#current.giveUp("stale");
    else if (this.#current && network) this.#improve();
    else if (!this.#current && !this.obeys) this.#beginRound();
  }

  /** The browser says that there is no network. */
  goneOffline() {
    if (this.#stopped || this.#isOver) return;
    this.#drop();
    this.#setState("offline");
    this.#schedule(OFFLINE);
  }

  /** Use these transports from now on, the best first. */
  useLadder(ladder) {
    if (this.#stopped || ladder.join() === this.#ladder.join()) return;
    this.#ladder = ladder;
    this.#rungs.reopen();
    this.#world.clearTimeout(this.#leave);
    if (this.#isOver) return;
    if (this.#trial && this.#trial.transport !== ladder[0]) this.#trial.giveUp("told");
    if (!this.#current || this.#current.transport === ladder[0]) return;
    this.#world.clearTimeout(this.#upgrade);
    this.#upgrade = this.#world.setTimeout(() => this.#improve(), this.#world.random() * MOVE);
    if (ladder.includes(this.#current.transport)) return;
    const left = this.#current;
    this.#leave = this.#world.setTimeout(() => this.#current === left && left.giveUp("told"), TAKEN_AWAY);
  }

  get #isOver() {
    return this.#state === "signed-out" || this.#state === "other-user";
  }

  // --- rounds: down the ladder until something works --------------------------------------------------------------

  #schedule(milliseconds) {
    this.#world.clearTimeout(this.#timer);
    const wait = this.#world.isOnline() ? milliseconds : Math.max(milliseconds, OFFLINE);
    this.#timer = this.#world.setTimeout(() => this.#beginRound(), wait);
  }

  #beginRound() {
    this.#world.clearTimeout(this.#timer);
    if (this.#stopped || this.#trial) return;
    this.#missed.clear();
    this.#descend(-1);
  }

  /** Try something better than what works now. */
  #improve() {
    if (this.#current) this.#beginRound();
  }

  #descend(from) {
    const next = this.#below(from);
    if (next === undefined) this.#roundFailed();
    else this.#try(next);
  }

  /** The next transport below this place of the ladder that is worth a try, and better than what works now. */
  #below(from) {
    const works = this.#ladder.indexOf(this.transport);
    const end = works < 0 ? this.#ladder.length : works;
    return this.#ladder.slice(0, end).find((transport, index) => index > from && this.#rungs.isOpen(transport));
  }

  #try(transport) {
    this.#trial = new Attempt(
      { ...this.#options, transport },
      {
        onWorks: (attempt) => this.#works(attempt),
        onProved: () => this.#rungs.proved(transport),
        onFrames: (frames, link) => this.#hears.onFrames(frames, link),
        onEnd: (attempt, end) => this.#ended(attempt, end),
      },
    );
    this.#tell(this.#trial, this.#trial.link.opening);
    this.#trial.open();
  }

  #roundFailed() {
    if (this.#current) {
      this.#coolMissed();
      this.#planUpgrade();
      return;
    }
    this.#setState(this.#world.isOnline() ? "reconnecting" : "offline");
    this.#schedule(Math.max(this.#rungs.opensIn(this.#ladder), backoff(this.#failures++, this.#world)));
  }

  #coolMissed() {
    for (const transport of this.#missed.keys()) this.#rungs.cool(transport);
    this.#missed.clear();
  }

  #planUpgrade() {
    this.#world.clearTimeout(this.#upgrade);
    const better = this.#ladder.slice(0, Math.max(0, this.#ladder.indexOf(this.transport)));
    if (!better.length) return;
    const wait = Math.max(1_000, this.#rungs.opensIn(better));
    this.#upgrade = this.#world.setTimeout(() => this.#improve(), wait);
  }

  // --- what becomes of an attempt ---------------------------------------------------------------------------------

  #works(attempt) {
    const before = this.#current;
    this.#world.clearTimeout(this.#timer);
    this.#world.clearTimeout(this.#leave);
    this.#trial = null;
    this.#current = attempt;
    if (before) this.#close(before, "replaced");
    this.#missed.delete(attempt.transport);
    if (!before) for (const [from, reason] of this.#missed) this.#fellBack(from, attempt.transport, reason);
    this.#coolMissed();
    this.#planUpgrade();
    this.#tell(attempt, { phase: "worked" });
    this.#setState("live");
  }

  #fellBack(from, to, reason) {
    this.#world.debug("fallback", from, to, reason);
    this.#hears.onFallback?.({ from, to, reason });
  }

  #close(attempt, reason) {
    attempt.close();
    this.#tell(attempt, { phase: "ended", reason });
  }

  #ended(attempt, end) {
    this.#tell(attempt, { phase: "ended", ...end });
    // "Too often" is about the person, by whatever transport; "no room" only about this one.
    const closed = end.status === TOO_OFTEN ? this.#ladder : [attempt.transport];
    if (end.retryAfter !== undefined) closed.forEach((transport) => this.#rungs.obey(transport, end.retryAfter));
    if (attempt === this.#trial) {
      this.#trial = null;
      this.#failed(attempt, end);
    } else if (attempt === this.#current) {
      this.#current = null;
      this.#lost(attempt, end);
    }
  }

  #failed({ transport }, { reason }) {
    if (reason === "told" || reason === "stale") {
      this.#beginRound();
      return;
    }
    this.#missed.set(transport, reason);
    const noServer = reason === "unreachable" || reason === "restart";
    if (saysWho(reason)) this.#verify({ comeBack: true });
    else if (noServer && !this.#current && this.#failures < HOPELESS) this.#roundFailed();
    else this.#descend(this.#ladder.indexOf(transport));
  }

  #lost({ transport, lasted, link }, { reason }) {
    this.#world.clearTimeout(this.#upgrade);
    this.#world.clearTimeout(this.#leave);
    this.#missed.clear();
    if (lasted >= STEADY) this.#failures = 0;
    this.#setState(this.#world.isOnline() ? "reconnecting" : "offline");
    if (saysWho(reason)) {
      this.#verify({ comeBack: true });
    } else if (this.#trial) {
      return; // what is being tried anyway takes over
    } else if (reason === "silent") {
      // It looks open and brings nothing: another one of its kind would do no better.
      this.#missed.set(transport, reason);
      this.#descend(this.#ladder.indexOf(transport));
    } else if (reason === "stale" || reason === "told") {
      this.#beginRound();
    } else {
      // Quick when a server restarts, and spread out: all its browsers come at once.
      const spread = Math.min(SPREAD, link.retry ?? SPREAD);
      const wait = this.#failures ? backoff(this.#failures, this.#world) : this.#world.random() * spread;
      this.#failures += 1;
      this.#schedule(wait);
    }
  }

  /** Ask whether one is still signed in, and stop if not. `comeBack`: a link ended over this, so go on if one is. */
  async #verify({ comeBack = false } = {}) {
    const turn = ++this.#turn;
    this.#comeBack ||= comeBack; // whoever asks again meanwhile gets the answer, and this must not be forgotten
    const { is, retryAfter = 0 } = await this.#askStatus();
    if (turn !== this.#turn || this.#stopped) return;
    const waits = this.#comeBack;
    this.#comeBack = false;
    if (is === "signed-out" || is === "other-user") {
      this.#drop();
      this.#setState(is);
    } else if (this.#isOver) {
      if (is !== "fine") return;
      this.#setState("reconnecting");
      this.#beginRound();
    } else if (this.#current) {
      this.#roundFailed();
    } else if (waits && !this.#trial) {
      this.#setState("reconnecting");
      this.#schedule(Math.max(backoff(this.#failures++, this.#world), retryAfter * 1000));
    }
  }

  #drop() {
    this.#turn += 1;
    this.#comeBack = false;
    for (const timer of [this.#timer, this.#upgrade, this.#leave]) this.#world.clearTimeout(timer);
    const open = [this.#current, this.#trial].filter(Boolean);
    this.#current = this.#trial = null;
    open.forEach((attempt) => this.#close(attempt, "stopped"));
  }

  #tell({ link, transport }, what) {
    this.#world.debug(transport, link.id, what.phase, what.reason ?? "");
    this.#hears.onLink?.({ link: link.id, transport, ...what });
  }

  #setState(state) {
    this.#state = state;
    this.#hears.onState(state, this.transport);
  }
}

/** Whether a link ended over who is signed in: that is worth a question of its own. */
function saysWho(reason) {
  return ["signed-out", "other-user", "ended"].includes(reason);
}
