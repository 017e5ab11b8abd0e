// Which transports are worth a try now. One that failed while a lesser one works is left alone for a while, ever longer;
// one whose server said when to come back is left alone until then.

const COOL = 60_000; // milliseconds, the first time
const MOST_COOL = 600_000;
const SPREAD = 3_000; // milliseconds after a Retry-After, so that not all come back in the same second

export class Rungs {
  #closed = new Map(); // transport -> {until, obeyed}
  #times = new Map(); // transport -> how often in a row it was left alone
  #world;

  constructor(world) {
    this.#world = world;
  }

  isOpen(transport) {
    return this.#opensIn(transport) === 0;
  }

  /** It failed, while a lesser one works. */
  cool(transport) {
    if (!this.isOpen(transport)) return;
    const times = this.#times.get(transport) ?? 0;
    this.#times.set(transport, times + 1);
    const wait = Math.min(MOST_COOL, COOL * 2 ** times) * (0.75 + 0.5 * this.#world.random());
    this.#closed.set(transport, { until: this.#world.now() + wait, obeyed: false });
  }

  /** Its server said when to come back: after so many seconds. */
  obey(transport, seconds) {
    const until = this.#world.now() + seconds * 1000 + this.#world.random() * SPREAD;
    this.#closed.set(transport, { until, obeyed: true });
  }

  /** It works, and has for more than a moment. */
  proved(transport) {
    this.#times.delete(transport);
  }

  /** Circumstances changed: all are worth a try again, but for those whose server said otherwise. */
  reopen() {
    for (const [transport, { obeyed }] of this.#closed) if (!obeyed) this.#closed.delete(transport);
    this.#times.clear();
  }

  /** Milliseconds until the first of these is worth a try; 0 when one is, Infinity for none at all. */
  opensIn(transports) {
    return Math.min(...transports.map((transport) => this.#opensIn(transport)));
  }

  #opensIn(transport) {
    return Math.max(0, (this.#closed.get(transport)?.until ?? 0) - this.#world.now());
  }
}
