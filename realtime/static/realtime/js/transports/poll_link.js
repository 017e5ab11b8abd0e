// Polling, for networks that let neither a WebSocket nor a stream through.

import { isCursor, MalformedError, validateFrames } from "../wire/frames.js";
import { boundedText, RequestError, request } from "../wire/http.js";
import { Link } from "./link.js";

const BUSY_INTERVAL = 5_000; // milliseconds between two polls if the last response had events
const QUIET_INTERVAL = 15_000; // milliseconds if it had none
const TIMEOUT = 10_000; // milliseconds
const MAX_RESPONSE_SIZE = 8_000_000; // bytes

/**
 * Poll once.
 * @returns {Promise<{frames: object[], more: boolean}>} the last frame is the new cursor
 * @throws {RequestError} when there is no usable response
 */
export async function pollOnce(url, signal, environment) {
  const abort = new AbortController();
  const stop = () => abort.abort();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const timer = environment.setTimeout(stop, TIMEOUT);
  try {
    const response = await request(url, "application/json", abort.signal, environment);
    const { frames, cursor, more } = JSON.parse(await boundedText(response, MAX_RESPONSE_SIZE));
    if (!isCursor(cursor)) throw new MalformedError("No cursor.");
    return { frames: [...validateFrames(frames), { type: "cursor", cursor }], more: more === true };
  } catch (error) {
    if (abort.signal.aborted && !signal.aborted) throw new RequestError("silent");
    if (error instanceof RequestError) throw error;
    throw new RequestError(
      error instanceof SyntaxError || error instanceof MalformedError || error instanceof RangeError
        ? "malformed"
        : "closed",
    );
  } finally {
    environment.clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

export class PollLink extends Link {
  #abort = new AbortController();
  #timer = null;
  #nextCursor;

  constructor(...options) {
    super("poll", ...options);
    this.#nextCursor = this._subscription.cursor;
  }

  open() {
    this.#poll();
  }

  _release() {
    this.#abort.abort();
    this._environment.clearTimeout(this.#timer);
  }

  async #poll() {
    const from = this.#nextCursor;
    try {
      const { frames, more } = await pollOnce(this._url(from), this.#abort.signal, this._environment);
      this._activity();
      this._cursor = null; // each response stands alone: a reset in it is independent of earlier responses
      this._deliver(frames);
      if (this._ended) return;
      this.#nextCursor = this._cursor;
      // `more` without progress must not cause an endless loop of requests.
      const hasEvents = frames.some((frame) => frame.id !== undefined);
      const wait = more && this.#nextCursor !== from ? 0 : this.#interval(hasEvents);
      this.#timer = this._environment.setTimeout(() => this.#poll(), wait);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this._end(error.reason, { status: error.status, retryAfter: error.retryAfter });
    }
  }

  #interval(busy) {
    return (busy ? BUSY_INTERVAL : QUIET_INTERVAL) * (0.8 + 0.4 * this._environment.random());
  }
}
