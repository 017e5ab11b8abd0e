// Tells the server what came over which connection and when, so that it can compare that with what was due.
//
// Only the tab that holds the connection has anything to tell, and what it tells costs nobody anything: it is sent
// together, bounded, and given up without a word where the server does not want it. Everything is numbered, so that what
// is sent twice counts once.

import { backoff } from "../wire/backoff.js";
import { retryAfter } from "../wire/http.js";

const SOON = 5_000; // milliseconds, more or less, until news is sent
const QUIET = 300_000; // milliseconds, more or less, until it is told that the cursor moved and nothing else happened
const LATEST = 60_000; // milliseconds between two tries at most, while the server cannot be reached
const TOO_MANY = 60; // seconds to wait when the server does not say how long
const PATIENCE = 15_000; // milliseconds for an answer
const MOST_EVENTS = 2_000; // that wait to be sent
const MOST_LINKS = 50;
const MOST_FALLBACKS = 50;
const IN_ONE = { links: 20, events: 500, fallbacks: 20 }; // what fits into one report
const TICK = 20_000; // milliseconds
const SLEPT = 90_000; // milliseconds without a tick: the machine was asleep (hidden pages have a tick a minute)
const WAKING = 10_000; // milliseconds in which a machine gets what had been waiting for it: when it came is not known
const UNWANTED = [0, 401, 403, 404, 409]; // a redirect, signed out, no such address, somebody else: no use in going on

export class Receipts {
  #url;
  #token;
  #world;
  #links = new Map();
  #waiting = 0; // events that wait to be sent
  #fallbacks = [];
  #timer = null;
  #due = Infinity;
  #notBefore = 0;
  #ticker = null;
  #ticked;
  #woke = -Infinity;
  #busy = false;
  #failures = 0;
  #over = false;

  /**
   * @param {{url?: string, user?: string, token?: string, world: object}} options where to send it (nowhere: nothing is
   *   kept), the id of whose page it is, the token that lets the page post
   */
  constructor({ url, user = "", token = "", world }) {
    this.#url = url && `${url}?user=${encodeURIComponent(user)}`;
    this.#token = token;
    this.#world = world;
    this.#ticked = world.date();
    this.#over = !url;
  }

  /** What the connection tells (manager.js). */
  get hooks() {
    return {
      onLink: (what) => this.#over || this.#link(what),
      onReceipt: (what) => this.#over || this.#receipt(what),
      onCursor: (what) => this.#over || this.#cursor(what),
      onFallback: (what) => this.#over || this.#fallback(what),
    };
  }

  /** The page is left or hidden, perhaps for good: send what there is. */
  leave() {
    if (this.#links.size || this.#fallbacks.length) this.#send(true);
  }

  /** Tell nothing any more, on this page: it is not wanted, or nobody is signed in to whom it would belong. */
  stop() {
    this.#over = true;
    this.#world.clearTimeout(this.#timer);
    this.#world.clearTimeout(this.#ticker);
    this.#links.clear();
    this.#fallbacks = [];
  }

  #link({ link, transport, phase, shadow = false, from = null, topics = [], reason = "" }) {
    const now = this.#world.now();
    if (phase === "opened") {
      const times = { opened: now, worked: null, heard: null, ended: null };
      const about = { link, transport, shown: !shadow, topics, reason: "", from, to: from };
      this.#links.set(link, { about, times, dropped: 0, first: 0, events: [], changes: 0, told: 0, urgent: true });
      this.#forgetLinks();
      this.#tick();
    }
    const one = this.#links.get(link);
    if (!one) return;
    if (phase === "worked") one.times.worked = now;
    if (phase === "ended") {
      one.times.ended = now;
      one.about.reason = reason;
    }
    this.#news(one, SOON);
  }

  #receipt({ id, link }) {
    const one = this.#links.get(link);
    if (!one) return;
    const now = this.#world.now();
    one.events.push([id, this.#isWaking() ? null : now]);
    one.times.heard = now;
    one.about.from ??= id - 1;
    one.about.to = Math.max(one.about.to ?? 0, id);
    this.#waiting += 1;
    this.#forgetEvents();
    this.#news(one, SOON);
  }

  #cursor({ link, cursor, reset = false }) {
    const one = this.#links.get(link);
    if (!one) return;
    one.times.heard = this.#world.now();
    if (reset) one.about.from = one.about.to = cursor; // what lies between is not owed: the page loads its state instead
    else one.about.from ??= cursor;
    one.about.to = Math.max(one.about.to ?? 0, cursor ?? 0) || null;
    this.#news(one, QUIET);
  }

  #fallback({ from, to, reason }) {
    this.#fallbacks.push({ name: this.#world.makeId(), from, to, reason, at: this.#world.now() });
    if (this.#fallbacks.length > MOST_FALLBACKS) this.#fallbacks.shift();
    this.#planAbout(SOON);
  }

  // --- bounds -----------------------------------------------------------------------------------------------------

  #forgetEvents() {
    while (this.#waiting > MOST_EVENTS) {
      const one = [...this.#links.values()].find(({ events }) => events.length);
      const [[id]] = one.events.splice(0, 1);
      this.#waiting -= 1;
      one.first += 1;
      one.dropped += 1;
      one.about.from = Math.max(one.about.from, id); // what is not told of must not look as if it had never come
    }
  }

  #forgetLinks() {
    for (const [name, { events, times }] of this.#links) {
      if (this.#links.size <= MOST_LINKS) return;
      if (times.ended === null) continue;
      this.#links.delete(name);
      this.#waiting -= events.length;
    }
  }

  // --- sleep ------------------------------------------------------------------------------------------------------

  #tick() {
    this.#isWaking();
    this.#world.clearTimeout(this.#ticker);
    this.#ticker = this.#links.size ? this.#world.setTimeout(() => this.#tick(), TICK) : null;
  }

  #isWaking() {
    const now = this.#world.date();
    if (this.#ticker !== null && now - this.#ticked > SLEPT) {
      this.#woke = now;
      for (const { events } of this.#links.values()) for (const event of events) event[1] = null;
    }
    this.#ticked = now;
    return now - this.#woke < WAKING;
  }

  // --- sending ----------------------------------------------------------------------------------------------------

  #news(one, milliseconds) {
    one.changes += 1;
    one.urgent ||= milliseconds === SOON;
    this.#planAbout(milliseconds);
  }

  /** An event reaches all browsers at the same moment; their reports come spread out. */
  #planAbout(milliseconds) {
    this.#plan(milliseconds * (0.6 + 0.8 * this.#world.random()));
  }

  #plan(milliseconds) {
    const due = Math.max(this.#world.now() + milliseconds, this.#notBefore);
    if (this.#busy || this.#over || due >= this.#due) return;
    this.#due = due;
    this.#world.clearTimeout(this.#timer);
    this.#timer = this.#world.setTimeout(() => this.#send(), due - this.#world.now());
  }

  async #send(leaving = false) {
    if (this.#over || (this.#busy && !leaving)) return;
    this.#world.clearTimeout(this.#timer);
    this.#due = Infinity;
    if (!this.#world.isOnline()) {
      this.#plan(LATEST);
      return;
    }
    const report = this.#report();
    if (!report.links.length && !report.fallbacks.length) return;
    this.#busy = true;
    const { status, wait } = await this.#post(report.body);
    this.#busy = false;
    if (UNWANTED.includes(status)) {
      this.stop();
    } else if (wait === undefined) {
      this.#failures = 0;
      this.#sent(report);
      this.#planRest(report);
    } else {
      this.#notBefore = this.#world.now() + wait;
      this.#plan(wait);
    }
  }

  async #post(body) {
    const { fetch, date, random } = this.#world;
    const again = () => Math.max(SOON, backoff(this.#failures++, { base: SOON, most: LATEST, random }));
    try {
      const answer = await fetch(this.#url, {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": this.#token },
        body: JSON.stringify(body),
        cache: "no-store",
        redirect: "manual",
        keepalive: true, // it goes on when the page is left
        signal: AbortSignal.timeout(PATIENCE),
      });
      const { status } = answer;
      const asked = retryAfter(answer.headers.get("Retry-After"), date()) ?? TOO_MANY;
      if (status === 429) return { status, wait: 1_000 * asked };
      // Another 4xx finds fault with the report: the same one would fare no better.
      return status >= 500 ? { status, wait: again() } : { status };
    } catch {
      return { status: null, wait: again() };
    }
  }

  #report() {
    this.#isWaking();
    const now = this.#world.now();
    const ago = (moment) => (moment === null ? null : Math.max(0, Math.round(now - moment)));
    let room = IN_ONE.events;
    const changed = this.#changed();
    const told = changed.slice(0, IN_ONE.links).map((one) => {
      const { about, times, dropped, first, changes } = one;
      const events = one.events.slice(0, room).map(([id, at]) => [id, ago(at)]);
      room -= events.length;
      const rest = events.length < one.events.length;
      const body = {
        ...about,
        // Not beyond what is told: the rest would look as if it had never come.
        to: rest ? Math.max(about.from, ...events.map(([id]) => id)) : about.to,
        opened_ago: ago(times.opened),
        worked_ago: ago(times.worked),
        heard_ago: rest ? null : ago(times.heard),
        ended_ago: ago(times.ended),
        dropped,
        first,
        events,
      };
      return { one, body, upTo: first + events.length, changes: rest ? 0 : changes };
    });
    const fallbacks = this.#fallbacks.slice(0, IN_ONE.fallbacks);
    const body = {
      links: told.map((link) => link.body),
      fallbacks: fallbacks.map(({ at, ...fallback }) => ({ ...fallback, ago: ago(at) })),
    };
    const more = told.length < changed.length || told.some((link) => !link.changes) || fallbacks.length < this.#fallbacks.length;
    return { links: told, fallbacks, body, more };
  }

  #sent({ links, fallbacks }) {
    this.#fallbacks = this.#fallbacks.filter((fallback) => !fallbacks.includes(fallback));
    for (const { one, upTo, changes } of links) {
      const gone = one.events.splice(0, Math.max(0, upTo - one.first)).length;
      one.first += gone;
      one.told = Math.max(one.told, changes);
      one.urgent &&= one.told < one.changes;
      const name = one.about.link;
      if (this.#links.get(name) !== one) continue;
      this.#waiting -= gone;
      if (one.times.ended !== null && one.told === one.changes) this.#links.delete(name);
    }
  }

  #changed() {
    return [...this.#links.values()].filter(({ changes, told }) => changes > told);
  }

  /** What came while a report was under way, or did not fit into it. */
  #planRest({ more }) {
    const rest = this.#changed();
    if (more) this.#plan(0);
    else if (this.#fallbacks.length || rest.some(({ urgent }) => urgent)) this.#planAbout(SOON);
    else if (rest.length) this.#planAbout(QUIET);
  }
}
