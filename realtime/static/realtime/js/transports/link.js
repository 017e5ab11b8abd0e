// One try at one connection. Whatever the transport, a link opens once, hands on frames, and ends once, with a reason.
//
// Reasons are short words that logs and statistics can count: unreachable (no answer at all), refused (an answer that is
// of no use), full (told to come later), blocked (a WebSocket that did not open), closed, restart, ended (the server
// said that it ends the stream), malformed, silent, signed-out, other-user.

import { isCursor } from "../wire/frames.js";

export class Link {
  /**
   * @param {string} transport "websocket", "sse" or "poll"
   * @param {{url: string, topics: string[], cursor: number | null, user?: string, seen?: () => number | null}} about
   *   where, what, from which event on, and as whom (the server refuses when somebody else is signed in); `seen`: how far
   *   the page has come by now, perhaps over another link
   * @param {{onFrames: (frames: object[]) => void, onBeat: () => void,
   *   onEnd: (end: {reason: string, status?: number, code?: number, retryAfter?: number}) => void}} hears
   *   `onBeat` with every sign of life, `retryAfter` in seconds. Moves of the cursor are frames: {type: "cursor", cursor}
   * @param {object} world
   */
  constructor(transport, about, hears, world) {
    this.transport = transport;
    this.id = world.makeId();
    /** Milliseconds that the server proposed for coming back. */
    this.retry = undefined;
    this._world = world;
    this._over = false;
    this._told = null; // the cursor as far as this link has told it
    this._about = about;
    this._hears = hears;
  }

  /** What there is to tell of it at its beginning. */
  get opening() {
    return { phase: "opened", from: this._about.cursor, topics: this._about.topics };
  }

  /** Begin. */
  open() {
    throw new Error("Every kind of link opens in its own way.");
  }

  /** End it without a word. */
  close() {
    if (this._over) return;
    this._over = true;
    this._drop();
  }

  /** Let go of whatever is held. */
  _drop() {}

  _address(cursor = this._about.cursor) {
    return newsAddress({ ...this._about, cursor }, this._world);
  }

  _beat() {
    if (!this._over) this._hears.onBeat();
  }

  _hear(frames) {
    if (this._over || !frames.length) return;
    const seen = this._about.seen?.() ?? null;
    const heard = [];
    let behind = () => this._told !== null && seen !== null && this._told < seen;
    for (const frame of frames) {
      const told = frame.type === "cursor" ? frame.cursor : frame.id;
      if (frame.type === "reset") {
        heard.push({ ...frame, cursor: this._told });
        behind = () => false; // it goes on from wherever the server says
      } else if (isCursor(told)) {
        this._told = told;
        heard.push(frame);
      } else if (frame.type === "transport" || !behind()) {
        heard.push(frame);
      } // else a state from before what the page has been told over the link that this one replaces
    }
    this._hears.onFrames(heard);
  }

  _end(reason, more = {}) {
    if (this._over) return;
    this.close();
    this._hears.onEnd({ reason, ...more });
  }
}

/** The address that gives what is new, with its query. */
export function newsAddress({ url, topics, cursor, user }, { here }) {
  const address = new URL(url, here());
  address.searchParams.set("topics", topics.join(","));
  if (cursor !== null) address.searchParams.set("last_event_id", String(cursor));
  if (user) address.searchParams.set("user", user);
  return address;
}
