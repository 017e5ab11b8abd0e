// Delivery receipts: reports to the server which events arrived over which link and when, so that it can compare that with
// what it sent.
//
// Only the leader tab has receipts. They are sent in batches of bounded size, and dropped silently if the server does not
// accept them. Everything is numbered, so that a batch that is sent twice counts once.

import { backoff } from "../wire/backoff.js";
import { parseRetryAfter } from "../wire/http.js";
import { Paints } from "./paints.js";

const REPORT_DELAY = 5_000; // milliseconds, with jitter, until something new is reported
const IDLE_DELAY = 300_000; // milliseconds, with jitter, if only the cursor has moved
const MAX_RETRY_DELAY = 60_000; // milliseconds between two tries while the server cannot be reached
const DEFAULT_RETRY_AFTER = 60; // seconds, for a 429 without Retry-After
const TIMEOUT = 15_000; // milliseconds
const MAX_PENDING_EVENTS = 2_000;
const MAX_LINKS = 50;
const MAX_FALLBACKS = 50;
const MAX_REPORT = { links: 20, events: 500, fallbacks: 20 }; // in one report
const TICK_INTERVAL = 20_000; // milliseconds
const SUSPEND_THRESHOLD = 90_000; // milliseconds without a tick: the machine was suspended (hidden pages tick once a minute)
const RESUME_WINDOW = 10_000; // milliseconds in which delayed events arrive after a suspension: their times are unknown
const PERMANENT_REFUSALS = [0, 401, 403, 404, 409]; // a redirect, signed out, forbidden, no such URL, another user

export class Receipts {
  #url;
  #token;
  #environment;
  #links = new Map(); // id -> {report, times, dropped, first, events, changes, reportedChanges, urgent}
  #pendingEvents = 0;
  #fallbacks = [];
  #timer = null;
  #dueAt = Infinity;
  #notBefore = 0;
  #tickTimer = null;
  #lastTick;
  #resumedAt = -Infinity;
  #isSending = false;
  #failures = 0;
  #stopped = false;

  /**
   * @param {{url?: string, user?: string, token?: string, environment: object}} options the URL to send reports to (without
   *   one nothing is recorded), the user's id, the CSRF token
   */
  constructor({ url, user = "", token = "", environment }) {
    this.#url = url && `${url}?user=${encodeURIComponent(user)}`;
    this.#token = token;
    this.#environment = environment;
    this.#lastTick = environment.date();
    this.#stopped = !url;
  }

  /** The hooks for LiveManager. */
  get hooks() {
    return {
      onLink: (what) => this.#stopped || this.#linkChanged(what),
      onReceipt: (what) => this.#stopped || this.#eventReceived(what),
      onCursor: (what) => this.#stopped || this.#cursorMoved(what),
      onFallback: (what) => this.#stopped || this.#fellBack(what),
    };
  }

  /** What these events changed is on the screen. */
  painted(ids) {
    const shown = this.#isResuming() ? [] : [...this.#links.values()].filter(({ report }) => report.shown);
    for (const link of shown) if (link.paints.add(ids, this.#environment.now())) this.#changed(link, REPORT_DELAY);
  }

  /** Send everything now: the page was hidden or closed, and may not run again. */
  flush() {
    if (this.#links.size || this.#fallbacks.length) this.#send(true);
  }

  /** Stop reporting from this page: the server refuses it, or the user is no longer signed in. */
  stop() {
    this.#stopped = true;
    this.#environment.clearTimeout(this.#timer);
    this.#environment.clearTimeout(this.#tickTimer);
    this.#links.clear();
    this.#fallbacks = [];
  }

  #linkChanged({ link: id, transport, phase, shadow = false, from = null, topics = [], reason = "" }) {
    const now = this.#environment.now();
    if (phase === "opened") {
      const times = { opened: now, worked: null, heard: null, ended: null };
      const report = { link: id, transport, shown: !shadow, topics, reason: "", from, to: from };
      const counts = { dropped: 0, first: 0, changes: 0, reportedChanges: 0 };
      this.#links.set(id, { report, times, ...counts, events: [], paints: new Paints(), urgent: true });
      this.#dropLinks();
      this.#tick();
    }
    const link = this.#links.get(id);
    if (!link) return;
    if (phase === "worked") link.times.worked = now;
    if (phase === "ended") {
      link.times.ended = now;
      link.report.reason = reason;
    }
    this.#changed(link, REPORT_DELAY);
  }

  #eventReceived({ id, link: linkId }) {
    const link = this.#links.get(linkId);
    if (!link) return;
    link.paints.expect(id);
    const now = this.#environment.now();
    link.events.push([id, this.#isResuming() ? null : now]);
    link.times.heard = now;
    link.report.from ??= id - 1;
    link.report.to = Math.max(link.report.to ?? 0, id);
    this.#pendingEvents += 1;
    this.#dropEvents();
    this.#changed(link, REPORT_DELAY);
  }

  #cursorMoved({ link: linkId, cursor, reset = false }) {
    const link = this.#links.get(linkId);
    if (!link) return;
    link.times.heard = this.#environment.now();
    // The events that a reset skips are not missing: the page reloads its state instead.
    if (reset) link.report.from = link.report.to = cursor;
    else link.report.from ??= cursor;
    link.report.to = Math.max(link.report.to ?? 0, cursor ?? 0) || null;
    this.#changed(link, IDLE_DELAY);
  }

  #fellBack({ from, to, reason }) {
    this.#fallbacks.push({ name: this.#environment.makeId(), from, to, reason, at: this.#environment.now() });
    if (this.#fallbacks.length > MAX_FALLBACKS) this.#fallbacks.shift();
    this.#scheduleWithJitter(REPORT_DELAY);
  }

  // --- bounds -----------------------------------------------------------------------------------------------------

  #dropEvents() {
    while (this.#pendingEvents > MAX_PENDING_EVENTS) {
      const link = [...this.#links.values()].find(({ events }) => events.length);
      const [[id]] = link.events.splice(0, 1);
      this.#pendingEvents -= 1;
      link.first += 1;
      link.dropped += 1;
      link.report.from = Math.max(link.report.from, id); // otherwise a dropped event would look like a missing one
    }
  }

  #dropLinks() {
    for (const [id, { events, times }] of this.#links) {
      if (this.#links.size <= MAX_LINKS) return;
      if (times.ended === null) continue;
      this.#links.delete(id);
      this.#pendingEvents -= events.length;
    }
  }

  // --- suspension of the machine ------------------------------------------------------------------------------------

  #tick() {
    this.#isResuming();
    this.#environment.clearTimeout(this.#tickTimer);
    this.#tickTimer = this.#links.size ? this.#environment.setTimeout(() => this.#tick(), TICK_INTERVAL) : null;
  }

  #isResuming() {
    const now = this.#environment.date();
    if (this.#tickTimer !== null && now - this.#lastTick > SUSPEND_THRESHOLD) {
      this.#resumedAt = now;
      for (const { events } of this.#links.values()) for (const event of events) event[1] = null;
    }
    this.#lastTick = now;
    return now - this.#resumedAt < RESUME_WINDOW;
  }

  // --- sending ----------------------------------------------------------------------------------------------------

  #changed(link, delay) {
    link.changes += 1;
    link.urgent ||= delay === REPORT_DELAY;
    this.#scheduleWithJitter(delay);
  }

  /** An event reaches all browsers at the same moment; jitter spreads their reports. */
  #scheduleWithJitter(milliseconds) {
    this.#schedule(milliseconds * (0.6 + 0.8 * this.#environment.random()));
  }

  #schedule(milliseconds) {
    const due = Math.max(this.#environment.now() + milliseconds, this.#notBefore);
    if (this.#isSending || this.#stopped || due >= this.#dueAt) return;
    this.#dueAt = due;
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(() => this.#send(), due - this.#environment.now());
  }

  async #send(isFlush = false) {
    if (this.#stopped || (this.#isSending && !isFlush)) return;
    this.#environment.clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    if (!this.#environment.isOnline()) {
      this.#schedule(MAX_RETRY_DELAY);
      return;
    }
    const report = this.#buildReport();
    if (!report.links.length && !report.fallbacks.length) return;
    this.#isSending = true;
    const { status, wait } = await this.#post(report.body);
    this.#isSending = false;
    if (PERMANENT_REFUSALS.includes(status)) {
      this.stop();
    } else if (wait === undefined) {
      this.#failures = 0;
      this.#markReported(report);
      this.#scheduleRest(report);
    } else {
      this.#notBefore = this.#environment.now() + wait;
      this.#schedule(wait);
    }
  }

  async #post(body) {
    const { fetch, date, random } = this.#environment;
    const retryDelay = () => {
      const delay = backoff(this.#failures++, { base: REPORT_DELAY, max: MAX_RETRY_DELAY, random });
      return Math.max(REPORT_DELAY, delay);
    };
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": this.#token },
        body: JSON.stringify(body),
        cache: "no-store",
        redirect: "manual",
        keepalive: true, // the request outlives the page
        signal: AbortSignal.timeout(TIMEOUT),
      });
      const { status } = response;
      const retryAfter = parseRetryAfter(response.headers.get("Retry-After"), date()) ?? DEFAULT_RETRY_AFTER;
      if (status === 429) return { status, wait: 1_000 * retryAfter };
      // Any other 4xx rejects the content of this report, so the same report is not sent again.
      return status >= 500 ? { status, wait: retryDelay() } : { status };
    } catch {
      return { status: null, wait: retryDelay() };
    }
  }

  #buildReport() {
    this.#isResuming();
    const now = this.#environment.now();
    const ago = (moment) => (moment === null ? null : Math.max(0, Math.round(now - moment)));
    let room = MAX_REPORT.events;
    const changed = this.#changedLinks();
    const links = changed.slice(0, MAX_REPORT.links).map((link) => {
      const { times, dropped, first, changes } = link;
      const events = link.events.slice(0, room).map(([id, at]) => [id, ago(at)]);
      room -= events.length;
      const isPartial = events.length < link.events.length;
      const body = {
        ...link.report,
        // Not beyond the reported events: the rest would look missing.
        to: isPartial ? Math.max(link.report.from, ...events.map(([id]) => id)) : link.report.to,
        opened_ago: ago(times.opened),
        worked_ago: ago(times.worked),
        heard_ago: isPartial ? null : ago(times.heard),
        ended_ago: ago(times.ended),
        dropped,
        first,
        events,
        ...link.paints.toReport(ago),
      };
      return { link, body, upTo: first + events.length, changes: isPartial ? 0 : changes };
    });
    const fallbacks = this.#fallbacks.slice(0, MAX_REPORT.fallbacks);
    const body = {
      links: links.map((link) => link.body),
      fallbacks: fallbacks.map(({ at, ...fallback }) => ({ ...fallback, ago: ago(at) })),
    };
    const hasPartialLinks = links.length < changed.length || links.some(({ changes }) => !changes);
    return { links, fallbacks, body, hasMore: hasPartialLinks || fallbacks.length < this.#fallbacks.length };
  }

  #markReported({ links, fallbacks }) {
    this.#fallbacks = this.#fallbacks.filter((fallback) => !fallbacks.includes(fallback));
    for (const { link, body, upTo, changes } of links) {
      link.paints.remove(body.painted);
      const removed = link.events.splice(0, Math.max(0, upTo - link.first)).length;
      link.first += removed;
      link.reportedChanges = Math.max(link.reportedChanges, changes);
      link.urgent &&= link.reportedChanges < link.changes;
      const id = link.report.link;
      if (this.#links.get(id) !== link) continue;
      this.#pendingEvents -= removed;
      if (link.times.ended !== null && link.reportedChanges === link.changes) this.#links.delete(id);
    }
  }

  #changedLinks() {
    return [...this.#links.values()].filter(({ changes, reportedChanges }) => changes > reportedChanges);
  }

  /** Schedule what arrived while a report was being sent, or did not fit into it. */
  #scheduleRest({ hasMore }) {
    const changed = this.#changedLinks();
    if (hasMore) this.#schedule(0);
    else if (this.#fallbacks.length || changed.some(({ urgent }) => urgent)) this.#scheduleWithJitter(REPORT_DELAY);
    else if (changed.length) this.#scheduleWithJitter(IDLE_DELAY);
  }
}
