// Tells the senders that their messages have arrived at a device: several at once, and again where that failed.

const DELAY = 300; // milliseconds within which several messages are one report
const RETRY = 10_000; // milliseconds
const MOST = 200; // messages of one report; of more that wait, the oldest are left out: reading them says the same

export class Arrivals {
  #post;
  #timers;
  #waiting = new Set();
  #timer = null;

  /** @param {{post: (ids: number[]) => Promise<unknown>, timers?: object}} options */
  constructor({ post, timers = globalThis }) {
    this.#post = post;
    this.#timers = timers;
  }

  add(id) {
    this.#waiting.add(id);
    if (this.#waiting.size > MOST) this.#waiting.delete(this.#waiting.values().next().value);
    this.#later(DELAY);
  }

  #later(delay) {
    this.#timer ??= this.#timers.setTimeout(() => this.#report(), delay);
  }

  async #report() {
    const ids = [...this.#waiting];
    this.#waiting.clear();
    try {
      await this.#post(ids);
    } catch (error) {
      if (!error.isFinal) for (const id of ids) this.#waiting.add(id);
    }
    this.#timer = null;
    if (this.#waiting.size) this.#later(RETRY);
  }
}
