// The base class of all transports. A link is one attempt at one connection: it opens once, delivers frames, and ends once,
// with a reason.
//
// Reasons, as they appear in reports: unreachable (no response at all), refused (a response that cannot be used), full (the
// server asks to come back later), blocked (a WebSocket that did not open), closed, restart, ended (the server ended the
// stream), malformed, silent, signed-out, other-user.

import { isCursor } from "../wire/frames.js";

export class Link {
  /**
   * @param {string} transport "websocket", "sse" or "poll"
   * @param {{url: string, topics: string[], pages?: string[], cursor: number | null, user?: string,
   *   pageCursor?: () => number | null}} subscription the URL, the topics, the live pages, the cursor to start after, and the user's id (the server refuses if somebody else is
   *   signed in); `pageCursor`: the page's current cursor, which another link may have advanced
   * @param {{onFrames: (frames: object[]) => void, onActivity: () => void,
   *   onEnd: (end: {reason: string, status?: number, code?: number, retryAfter?: number}) => void}} callbacks
   *   `onActivity` for any data from the server, heartbeats included; `retryAfter` in seconds. Cursor updates are frames:
   *   {type: "cursor", cursor}
   * @param {object} environment
   */
  constructor(transport, subscription, callbacks, environment) {
    this.transport = transport;
    this.id = environment.makeId();
    /** The reconnection delay that the server proposed, in milliseconds. */
    this.retry = undefined;
    this._environment = environment;
    this._ended = false;
    this._cursor = null; // the last cursor that this link has delivered
    this._subscription = subscription;
    this._callbacks = callbacks;
  }

  /** What is reported when this link is opened. */
  get openReport() {
    return { phase: "opened", from: this._subscription.cursor, topics: this._subscription.topics };
  }

  /** Connect. */
  open() {
    throw new Error("A transport must implement open().");
  }

  /** Disconnect without calling `onEnd`. */
  close() {
    if (this._ended) return;
    this._ended = true;
    this._release();
  }

  /** Release the transport's resources. */
  _release() {}

  _url(cursor = this._subscription.cursor) {
    return subscriptionUrl({ ...this._subscription, cursor }, this._environment);
  }

  _activity() {
    if (!this._ended) this._callbacks.onActivity();
  }

  _deliver(frames) {
    if (this._ended || !frames.length) return;
    const pageCursor = this._subscription.pageCursor?.() ?? null;
    const delivered = [];
    let isBehind = () => this._cursor !== null && pageCursor !== null && this._cursor < pageCursor;
    for (const frame of frames) {
      const cursor = frame.type === "cursor" ? frame.cursor : frame.id;
      if (frame.type === "reset") {
        delivered.push({ ...frame, cursor: this._cursor });
        isBehind = () => false; // the page continues from wherever the server is
      } else if (isCursor(cursor)) {
        this._cursor = cursor;
        delivered.push(frame);
      } else if (frame.type === "transport" || !isBehind()) {
        delivered.push(frame);
      } // else a state that is older than what the link that this one replaces has delivered
    }
    this._callbacks.onFrames(delivered);
  }

  _end(reason, details = {}) {
    if (this._ended) return;
    this.close();
    this._callbacks.onEnd({ reason, ...details });
  }
}

/** The URL of a subscription, with its query. */
export function subscriptionUrl({ url, topics, pages = [], cursor, user }, { pageUrl }) {
  const result = new URL(url, pageUrl());
  result.searchParams.set("topics", topics.join(","));
  if (pages.length) result.searchParams.set("pages", pages.join(","));
  if (cursor !== null) result.searchParams.set("last_event_id", String(cursor));
  if (user) result.searchParams.set("user", user);
  return result;
}
