// Delivery receipts: reports to the server which events arrived over which link and when, so that it can compare that with
// what it sent.
//
// Only the leader tab has receipts. They are sent in batches of bounded size. If the server does not accept them, there is a
// pause, and nobody is told. Everything is numbered, so that a batch that is sent twice counts once.

import { WakeDetector } from "../browser/wake_detector.js";
import { backoff } from "../wire/backoff.js";
import { Paints } from "./paints.js";
import { postReport } from "./post_report.js";

const REPORT_DELAY = 5_000; // milliseconds, with jitter, until something new is reported
const IDLE_DELAY = 300_000; // milliseconds, with jitter, if only the cursor has moved
const MAX_RETRY_DELAY = 60_000; // milliseconds between two tries while the server cannot be reached
const MAX_PENDING_EVENTS = 2_000;
const MAX_LINKS = 50;
const MAX_FALLBACKS = 50;
const MAX_REPORT = { links: 20, events: 500, fallbacks: 20 }; // in one report
const LONGEST_AGO = 7 * 24 * 3_600_000; // milliseconds; the server refuses more
const RESUME_WINDOW = 10_000; // milliseconds in which delayed events arrive after a suspension: their times are unknown
const REFUSALS = [0, 401, 403, 404, 409]; // a redirect, signed out, forbidden, no such URL, another user
const REFUSAL_PAUSE = { base: 600_000, max: 3_600_000 }; // milliseconds; signing in again ends it

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
  #wakeDetector;
  #resumedAt = -Infinity;
  #isSending = false;
  #failures = 0;
  #refusals = 0; // in a row
  #refusedUntil = 0;
  #isPaused = false; // until a link opens

  /**
   * @param {{url?: string, user?: string, token?: string, environment: object}} options the URL to send reports to (without
   *   one nothing is recorded), the user's id, the CSRF token (if it cannot be read from the cookie)
   */
  constructor({ url, user = "", token = "", environment }) {
    this.#url = url && `${url}?user=${encodeURIComponent(user)}`;
    this.#token = token;
    this.#environment = environment;
    // Timers of hidden pages are late, and this page may be hidden at any moment.
    this.#wakeDetector = new WakeDetector({ ...environment, isHidden: () => true }, () => this.#suspended());
  }

  /** The hooks for LiveManager. */
  get hooks() {
    return {
      onLink: (what) => this.#url && this.#linkChanged(what),
      onReceipt: (what) => this.#isPaused || this.#eventReceived(what),
      onCursor: (what) => this.#isPaused || this.#cursorMoved(what),
      onFallback: (what) => this.#url && !this.#isPaused && this.#fellBack(what),
      onWake: () => this.#suspended(),
    };
  }

  /** What these events changed is on the screen. */
  painted(ids) {
    const shown = this.#isResuming() ? [] : [...this.#links.values()].filter(({ report }) => report.shown);
    for (const link of shown) if (link.paints.add(ids, this.#environment.now())) this.#changed(link, REPORT_DELAY);
  }

  /** Send everything now: the page was hidden or closed, and may not run again. */
  flush() {
    const isRefused = this.#environment.now() < this.#refusedUntil;
    if (!isRefused && (this.#links.size || this.#fallbacks.length)) this.#send(true);
  }

  /** The user is no longer signed in: report nothing until a link opens, which needs the same user to be back. */
  stop() {
    this.#isPaused = true;
    this.#environment.clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    this.#wakeDetector.stop();
  }

  #resume() {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#refusals = this.#refusedUntil = this.#notBefore = 0;
  }

  #linkChanged({ link: id, transport, phase, shadow = false, from = null, topics = [], reason = "" }) {
    const now = this.#environment.now();
    if (phase === "opened") this.#resume();
    if (this.#isPaused) return;
    if (phase === "opened") {
      const times = { opened: now, worked: null, heard: null, ended: null };
      const report = { link: id, transport, shown: !shadow, topics, reason: "", from, to: from };
      const counts = { dropped: 0, first: 0, changes: 0, reportedChanges: 0 };
      this.#links.set(id, { report, times, ...counts, events: [], paints: new Paints(), urgent: true });
      this.#dropLinks();
      this.#wakeDetector.start();
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

  /** While the machine slept, nothing was heard, and what had arrived waited: nobody knows for how long. */
  #suspended() {
    this.#resumedAt = this.#environment.now();
    for (const { events, times } of this.#links.values()) {
      times.heard = null;
      for (const event of events) event[1] = null;
    }
  }

  #isResuming() {
    this.#wakeDetector.check();
    return this.#environment.now() - this.#resumedAt < RESUME_WINDOW;
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
    if (this.#isSending || this.#isPaused || due >= this.#dueAt) return;
    this.#dueAt = due;
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(() => this.#send(), due - this.#environment.now());
  }

  async #send(isFlush = false) {
    if (this.#isPaused || (this.#isSending && !isFlush)) return;
    this.#environment.clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    const report = this.#buildReport();
    if (!report.links.length && !report.fallbacks.length) return;
    this.#isSending = true;
    const { status, retryAfter } = await postReport(this.#url, report.body, this.#token, this.#environment);
    this.#isSending = false;
    if (REFUSALS.includes(status)) {
      const pause = this.#refusalPause();
      this.#refusedUntil = this.#environment.now() + pause;
      this.#pause(pause);
    } else if (status === 429) {
      this.#pause(retryAfter);
    } else if (status === null || status >= 500) {
      this.#pause(this.#retryDelay());
    } else {
      // Any other 4xx rejects the content of this report, so the same report is not sent again.
      this.#failures = this.#refusals = 0;
      this.#markReported(report);
      this.#scheduleRest(report);
    }
  }

  #pause(milliseconds) {
    this.#notBefore = this.#environment.now() + milliseconds;
    this.#schedule(milliseconds);
  }

  #refusalPause() {
    const { base, max } = REFUSAL_PAUSE;
    return Math.min(max, base * 2 ** this.#refusals++) * (0.75 + 0.25 * this.#environment.random());
  }

  #retryDelay() {
    const { random } = this.#environment;
    const delay = backoff(this.#failures++, { base: REPORT_DELAY, max: MAX_RETRY_DELAY, random });
    return Math.max(REPORT_DELAY, delay);
  }

  #buildReport() {
    this.#isResuming();
    const now = this.#environment.now();
    const ago = (moment) => (moment === null ? null : Math.min(LONGEST_AGO, Math.max(0, Math.round(now - moment))));
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
    if (!this.#links.size) this.#wakeDetector.stop();
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
