// A tab that has missed something (it slept, or was loaded a moment ago) asks for it by itself, and then goes on with what
// the leader tells. So the leader need not keep anything for others.

import { backoff } from "../wire/backoff.js";
import { sleep } from "../browser/environment.js";

const MOST_ANSWERS = 60; // that bring something; after so much it is better to load the state anew
const MOST_WAITS = 8; // for a server that has not read as far as the one that the leader listens to
const MOST_FAILURES = 6;
const BEHIND = 300; // milliseconds
const REFUSED = 5_000; // milliseconds in which whoever was refused need not ask again

export class CatchUp {
  #options;
  #target = 0;
  #turn = 0;
  #abort = null;
  #refused = -Infinity;

  /**
   * @param {{ask: (signal: AbortSignal) => Promise<{frames: object[], more: boolean}>, cursor: () => number | null,
   *   take: (frames: object[]) => void, onLost: () => void, onRefused: () => void, world: object}} options `ask` for what
   *   is after the cursor; `onLost`: it cannot be had, load the state anew; `onRefused`: perhaps nobody is signed in
   */
  constructor(options) {
    this.#options = options;
  }

  /** Get everything up to this id, at least. */
  reach(target) {
    this.#target = Math.max(this.#target, target);
    if (this.#abort || this.#options.world.now() - this.#refused < REFUSED) return;
    this.#abort = new AbortController();
    this.#run(++this.#turn, this.#abort.signal);
  }

  stop() {
    this.#turn += 1;
    this.#target = 0;
    this.#abort?.abort();
    this.#abort = null;
  }

  async #run(turn, signal) {
    const { ask, cursor, take, onLost, onRefused, world } = this.#options;
    let [answers, waits, failures] = [0, 0, 0];
    while (answers < MOST_ANSWERS && waits < MOST_WAITS && failures < MOST_FAILURES) {
      try {
        const { frames, more } = await ask(signal);
        if (turn !== this.#turn) return;
        answers += 1;
        if (frames.some((frame) => frame.type === "reset")) this.#target = 0; // of a log that is no more
        take(frames);
        if (more) continue;
        if (cursor() >= this.#target) {
          this.stop();
          return;
        }
        waits += 1;
        await sleep(BEHIND, world);
      } catch (refusal) {
        if (turn !== this.#turn) return;
        if (refusal.reason === "signed-out" || refusal.reason === "other-user") {
          this.stop();
          this.#refused = world.now();
          onRefused();
          return;
        }
        await sleep(Math.max(backoff(failures++, world), (refusal.retryAfter ?? 0) * 1000), world);
      }
      if (turn !== this.#turn) return;
    }
    const target = this.#target;
    this.stop();
    onLost(target);
  }
}
