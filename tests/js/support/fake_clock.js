// A fake clock: time passes only when a test advances it.

/** Lets all pending promises, streams and messages run. */
export async function settle() {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class FakeClock {
  now = 1_000;
  wallOffset = 1_700_000_000_000; // between the monotonic clock and the wall clock
  #timers = new Map();
  #lastId = 0;

  setTimeout(callback, milliseconds, owner = null) {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { due: this.now + Math.max(0, milliseconds || 0), callback, owner });
    return this.#lastId;
  }

  clearTimeout(timer) {
    this.#timers.delete(timer);
  }

  /** Remove the timers of a tab that no longer exists. */
  removeTimers(owner) {
    for (const [id, timer] of this.#timers) if (timer.owner === owner) this.#timers.delete(id);
  }

  /** The number of pending timers. */
  get pending() {
    return this.#timers.size;
  }

  /** Advance by so many milliseconds, one timer at a time. Timers of a frozen owner wait until it runs again. */
  async pass(milliseconds) {
    const end = this.now + milliseconds;
    await settle();
    while (true) {
      const next = [...this.#timers].filter(([, timer]) => timer.due <= end && !timer.owner?.frozen);
      if (!next.length) break;
      const [id, timer] = next.reduce((first, other) => (other[1].due < first[1].due ? other : first));
      this.#timers.delete(id);
      this.now = Math.max(this.now, timer.due);
      timer.callback();
      await settle();
    }
    this.now = end;
  }
}
