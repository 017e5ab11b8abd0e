// A WebSocket that runs beside the connection that people see: its events are compared by id, and never shown. That it
// fails costs nothing but its own patience.

import { Attempt } from "./attempt.js";
import { backoff } from "../wire/backoff.js";
import { isCursor } from "../wire/frames.js";

const TOGETHER = 10_000; // milliseconds within which an event should have come both ways
const MOST = 5_000; // ids that are remembered

export class Shadow {
  #options;
  #world;
  #hears;
  #attempt = null;
  #timer = null;
  #cursor = null;
  #failures = 0;
  #seen = new Map(); // id -> {shown, compared, settled}, the oldest first
  #counts = { both: 0, onlyShown: 0, onlyCompared: 0 };
  #stopped = false;

  /**
   * @param {{makeLink: (transport: string, hears: object, cursor: number | null) => object, heartbeat: number,
   *   cursor: number | null, world: object}} options from which event on to compare
   * @param {{onFrames: (frames: object[], link: object) => void, onLink?: (what: object) => void}} hears
   */
  constructor({ makeLink, heartbeat, cursor, world }, hears) {
    this.#options = { makeLink, heartbeat, world };
    this.#cursor = cursor;
    this.#world = world;
    this.#hears = hears;
  }

  /** How many events came both ways, and how many only one way within ten seconds; and whether the socket works. */
  get counts() {
    return { ...this.#counts, connected: this.#attempt !== null && this.#attempt.works };
  }

  start() {
    const { makeLink, ...options } = this.#options;
    const link = (transport, hears) => makeLink(transport, hears, this.#cursor);
    this.#attempt = new Attempt(
      { ...options, makeLink: link, transport: "websocket" },
      {
        onWorks: (attempt) => this.#tell(attempt, { phase: "worked" }),
        onProved: () => (this.#failures = 0),
        onFrames: (frames, { id }) => this.#compare(frames, id),
        onEnd: (attempt, end) => this.#again(attempt, end),
      },
    );
    this.#tell(this.#attempt, this.#attempt.link.opening);
    this.#attempt.open();
  }

  stop() {
    this.#stopped = true;
    this.#world.clearTimeout(this.#timer);
    if (this.#attempt) {
      this.#attempt.close();
      this.#tell(this.#attempt, { phase: "ended", reason: "stopped" });
    }
    this.#attempt = null;
  }

  /** These frames came over the connection that people see. */
  shown(frames) {
    for (const { id } of frames) if (isCursor(id)) this.#note(id, "shown");
  }

  #compare(frames, link) {
    for (const frame of frames) {
      if (isCursor(frame.id)) this.#note(frame.id, "compared");
      // As the ledger does it: a reset goes on from wherever the server says.
      if (frame.type === "reset") this.#cursor = frame.cursor;
      else this.#cursor = Math.max(this.#cursor ?? 0, frame.cursor ?? frame.id ?? 0) || null;
    }
    this.#hears.onFrames(frames, { transport: "websocket", id: link });
  }

  #note(id, way) {
    const seen = this.#seen.get(id) ?? { shown: false, compared: false, settled: null };
    if (seen[way]) return;
    seen[way] = true;
    if (!this.#seen.has(id)) {
      this.#seen.set(id, seen);
      this.#world.setTimeout(() => this.#settle(seen), TOGETHER);
      if (this.#seen.size > MOST) this.#seen.delete(this.#seen.keys().next().value);
    } else if (seen.settled) {
      this.#counts[seen.settled] -= 1; // late, but both
      this.#count(seen, "both");
    } else {
      this.#count(seen, "both");
    }
  }

  #settle(seen) {
    if (!seen.settled) this.#count(seen, seen.shown ? "onlyShown" : "onlyCompared");
  }

  #count(seen, how) {
    seen.settled = how;
    this.#counts[how] += 1;
  }

  #again(attempt, end) {
    this.#attempt = null;
    this.#tell(attempt, { phase: "ended", ...end });
    // Whether one is still signed in is for the connection to find out, and it stops this then.
    if (this.#stopped) return;
    const wait = Math.max(backoff(this.#failures++, this.#world), (end.retryAfter ?? 0) * 1000, 1_000);
    this.#timer = this.#world.setTimeout(() => this.start(), wait);
  }

  #tell({ link, transport }, what) {
    this.#world.debug("shadow", link.id, what.phase, what.reason ?? "");
    this.#hears.onLink?.({ link: link.id, transport, shadow: true, ...what });
  }
}
