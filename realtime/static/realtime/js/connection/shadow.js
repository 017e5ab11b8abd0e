// Shadow mode: a WebSocket beside the active connection. Its events are compared by id and never shown; its failures do not
// affect the active connection.

import { backoff } from "../wire/backoff.js";
import { isCursor } from "../wire/frames.js";
import { Attempt } from "./attempt.js";

const MATCH_WINDOW = 10_000; // milliseconds within which an event should arrive over both connections
const MAX_EVENTS = 5_000; // ids that are remembered

export class Shadow {
  #options;
  #environment;
  #callbacks;
  #attempt = null;
  #timer = null;
  #cursor = null;
  #failures = 0;
  #events = new Map(); // id -> {shown, compared, countedAs}, the oldest first
  #counts = { both: 0, onlyShown: 0, onlyCompared: 0 };
  #stopped = false;

  /**
   * @param {{makeLink: (transport: string, callbacks: object, cursor: number | null) => object, heartbeat: number,
   *   cursor: number | null, environment: object}} options `cursor`: compare the events after this one
   * @param {{onFrames: (frames: object[], link: object) => void, onLink?: (report: object) => void}} callbacks
   */
  constructor({ makeLink, heartbeat, cursor, environment }, callbacks) {
    this.#options = { makeLink, heartbeat, environment };
    this.#cursor = cursor;
    this.#environment = environment;
    this.#callbacks = callbacks;
  }

  /** How many events arrived over both connections or, within ten seconds, over only one; and whether it is connected. */
  get counts() {
    return { ...this.#counts, connected: this.#attempt?.isEstablished ?? false };
  }

  start() {
    const { makeLink, ...options } = this.#options;
    const link = (transport, callbacks) => makeLink(transport, callbacks, this.#cursor);
    this.#attempt = new Attempt(
      { ...options, makeLink: link, transport: "websocket" },
      {
        onEstablished: (attempt) => this.#report(attempt, { phase: "worked" }),
        onStable: () => {
          this.#failures = 0;
        },
        onFrames: (frames, { id }) => this.#compare(frames, id),
        onEnd: (attempt, end) => this.#retry(attempt, end),
      },
    );
    this.#report(this.#attempt, this.#attempt.link.openReport);
    this.#attempt.open();
  }

  stop() {
    this.#stopped = true;
    this.#environment.clearTimeout(this.#timer);
    if (this.#attempt) {
      this.#attempt.close();
      this.#report(this.#attempt, { phase: "ended", reason: "stopped" });
    }
    this.#attempt = null;
  }

  /** The machine was asleep, or the network has changed: connect anew, without waiting. */
  reconnect() {
    if (this.#stopped) return;
    this.#environment.clearTimeout(this.#timer);
    if (this.#attempt) {
      this.#attempt.close();
      this.#report(this.#attempt, { phase: "ended", reason: "stale" });
    }
    this.#failures = 0;
    this.start();
  }

  /** Record frames that arrived over the active connection. */
  recordShown(frames) {
    for (const { id } of frames) if (isCursor(id)) this.#record(id, "shown");
  }

  #compare(frames, link) {
    for (const frame of frames) {
      if (isCursor(frame.id)) this.#record(frame.id, "compared");
      // The same rule as in the deduplicator: a reset continues from wherever the server is.
      if (frame.type === "reset") this.#cursor = frame.cursor;
      else this.#cursor = Math.max(this.#cursor ?? 0, frame.cursor ?? frame.id ?? 0) || null;
    }
    this.#callbacks.onFrames(frames, { transport: "websocket", id: link });
  }

  #record(id, connection) {
    const event = this.#events.get(id) ?? { shown: false, compared: false, countedAs: null };
    if (event[connection]) return;
    event[connection] = true;
    if (!this.#events.has(id)) {
      this.#events.set(id, event);
      this.#environment.setTimeout(() => this.#windowEnded(event), MATCH_WINDOW);
      if (this.#events.size > MAX_EVENTS) this.#events.delete(this.#events.keys().next().value);
    } else {
      if (event.countedAs) this.#counts[event.countedAs] -= 1; // late, but both
      this.#count(event, "both");
    }
  }

  #windowEnded(event) {
    if (!event.countedAs) this.#count(event, event.shown ? "onlyShown" : "onlyCompared");
  }

  #count(event, as) {
    event.countedAs = as;
    this.#counts[as] += 1;
  }

  #retry(attempt, end) {
    this.#attempt = null;
    this.#report(attempt, { phase: "ended", ...end });
    // The active connection finds out whether the user is still signed in, and then stops this.
    if (this.#stopped) return;
    const wait = Math.max(backoff(this.#failures++, this.#environment), (end.retryAfter ?? 0) * 1000, 1_000);
    this.#timer = this.#environment.setTimeout(() => this.start(), wait);
  }

  #report({ link, transport }, report) {
    this.#environment.debug("shadow", link.id, report.phase, report.reason ?? "");
    this.#callbacks.onLink?.({ link: link.id, transport, shadow: true, ...report });
  }
}
