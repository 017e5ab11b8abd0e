// Asking again and again: for networks that let no stream through.

import { checkFrames, isCursor, MalformedError } from "../wire/frames.js";
import { boundedText, Refusal, request } from "../wire/http.js";
import { Link } from "./link.js";

const BUSY = 5_000; // milliseconds between two questions when the last answer had events
const QUIET = 15_000; // and when it had none
const PATIENCE = 10_000; // milliseconds for an answer
const MOST = 8_000_000; // bytes of an answer

/**
 * Ask once for what is new.
 * @returns {Promise<{frames: object[], more: boolean}>} the cursor is the last of the frames
 * @throws {Refusal} when the answer is none or of no use
 */
export async function askForNews(address, signal, world) {
  const abort = new AbortController();
  const stop = () => abort.abort();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const timer = world.setTimeout(stop, PATIENCE);
  try {
    const answer = await request(address, "application/json", abort.signal, world);
    const { frames, cursor, more } = JSON.parse(await boundedText(answer, MOST));
    if (!isCursor(cursor)) throw new MalformedError("No cursor.");
    return { frames: [...checkFrames(frames), { type: "cursor", cursor }], more: more === true };
  } catch (error) {
    if (abort.signal.aborted && !signal.aborted) throw new Refusal("silent");
    if (error instanceof Refusal) throw error;
    throw new Refusal(
      error instanceof SyntaxError || error instanceof MalformedError || error instanceof RangeError
        ? "malformed"
        : "closed",
    );
  } finally {
    world.clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

export class PollLink extends Link {
  #abort = new AbortController();
  #timer = null;
  #cursor;

  constructor(...options) {
    super("poll", ...options);
    this.#cursor = this._about.cursor;
  }

  open() {
    this.#ask();
  }

  _drop() {
    this.#abort.abort();
    this._world.clearTimeout(this.#timer);
  }

  async #ask() {
    const from = this.#cursor;
    try {
      const { frames, more } = await askForNews(this._address(from), this.#abort.signal, this._world);
      this._beat();
      this._told = null; // every answer is a conversation of its own: a reset in it knows nothing of the ones before
      this._hear(frames);
      if (this._over) return;
      this.#cursor = this._told;
      // `more` without any progress would be asked for without an end.
      const wait = more && this.#cursor !== from ? 0 : this.#pause(frames.some((frame) => frame.id !== undefined));
      this.#timer = this._world.setTimeout(() => this.#ask(), wait);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this._end(error.reason, { status: error.status, retryAfter: error.retryAfter });
    }
  }

  #pause(busy) {
    return (busy ? BUSY : QUIET) * (0.8 + 0.4 * this._world.random());
  }
}
