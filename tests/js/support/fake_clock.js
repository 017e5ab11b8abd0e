// Time that passes only when a test says so.

/** Lets everything run that waits for nothing but its turn: promises, streams, messages. */
export async function settle() {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class Clock {
  now = 1_000;
  #timers = new Map();
  #number = 0;

  setTimeout(callback, milliseconds, owner = null) {
    this.#number += 1;
    this.#timers.set(this.#number, { due: this.now + Math.max(0, milliseconds || 0), callback, owner });
    return this.#number;
  }

  clearTimeout(timer) {
    this.#timers.delete(timer);
  }

  /** Forget the timers of what is no more. */
  forget(owner) {
    for (const [number, timer] of this.#timers) if (timer.owner === owner) this.#timers.delete(number);
  }

  /** How many timers wait. */
  get waiting() {
    return this.#timers.size;
  }

  /** Let so many milliseconds pass, one timer at a time. Those of a frozen owner wait until it runs again. */
  async pass(milliseconds) {
    const end = this.now + milliseconds;
    await settle();
    while (true) {
      const next = [...this.#timers].filter(([, timer]) => timer.due <= end && !timer.owner?.frozen);
      if (!next.length) break;
      const [number, timer] = next.reduce((first, other) => (other[1].due < first[1].due ? other : first));
      this.#timers.delete(number);
      this.now = Math.max(this.now, timer.due);
      timer.callback();
      await settle();
    }
    this.now = end;
  }
}
