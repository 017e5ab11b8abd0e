// A tab that missed events (it was suspended, or has just been loaded) polls for them itself, and then continues with what
// the leader broadcasts. So the leader need not keep events for other tabs.

import { sleep } from "../browser/environment.js";
import { backoff } from "../wire/backoff.js";

const MAX_RESPONSES = 60; // after so many, reloading the state is cheaper
const MAX_WAITS = 8; // for a server process that lags behind the one that the leader is connected to
const MAX_FAILURES = 6;
const LAG_WAIT = 300; // milliseconds
const UNAUTHORIZED_PAUSE = 5_000; // milliseconds without another try after the user was refused

export class CatchUp {
  #options;
  #target = 0;
  #run = 0;
  #abort = null;
  #unauthorizedAt = -Infinity;

  /**
   * @param {{poll: (signal: AbortSignal) => Promise<{frames: object[], more: boolean}>, cursor: () => number | null,
   *   onFrames: (frames: object[]) => void, onFailed: (target: number) => void, onUnauthorized: () => void,
   *   environment: object}} options `poll` for what follows the cursor; `onFailed`: the events are not available, the state
   *   must be reloaded; `onUnauthorized`: the user may no longer be signed in
   */
  constructor(options) {
    this.#options = options;
  }

  /** Get the events up to this id, at least. */
  catchUpTo(target) {
    this.#target = Math.max(this.#target, target);
    if (this.#abort || this.#options.environment.now() - this.#unauthorizedAt < UNAUTHORIZED_PAUSE) return;
    this.#abort = new AbortController();
    this.#pollUntilTarget(++this.#run, this.#abort.signal);
  }

  stop() {
    this.#run += 1;
    this.#target = 0;
    this.#abort?.abort();
    this.#abort = null;
  }

  async #pollUntilTarget(run, signal) {
    const { poll, cursor, onFrames, onFailed, onUnauthorized, environment } = this.#options;
    let [responses, waits, failures] = [0, 0, 0];
    while (responses < MAX_RESPONSES && waits < MAX_WAITS && failures < MAX_FAILURES) {
      try {
        const { frames, more } = await poll(signal);
        if (run !== this.#run) return;
        responses += 1;
        if (frames.some((frame) => frame.type === "reset")) this.#target = 0; // the target belongs to an earlier log
        onFrames(frames);
        if (more) continue;
        if (cursor() >= this.#target) {
          this.stop();
          return;
        }
        waits += 1;
        await sleep(LAG_WAIT, environment);
      } catch (error) {
        if (run !== this.#run) return;
        if (error.reason === "signed-out" || error.reason === "other-user") {
          this.stop();
          this.#unauthorizedAt = environment.now();
          onUnauthorized();
          return;
        }
        await sleep(Math.max(backoff(failures++, environment), (error.retryAfter ?? 0) * 1000), environment);
      }
      if (run !== this.#run) return;
    }
    const target = this.#target;
    this.stop();
    onFailed(target);
  }
}
