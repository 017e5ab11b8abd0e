// Which transports may be tried now. A transport that failed while a lesser one works has a cooldown, which doubles with
// each failure; one whose server sent Retry-After waits for that long.

const FIRST_COOLDOWN = 60_000; // milliseconds
const MAX_COOLDOWN = 600_000; // milliseconds
const RETRY_AFTER_JITTER = 2_000; // milliseconds, so that not all browsers return in the same second

export class Cooldowns {
  #active = new Map(); // transport -> {until, requested}
  #failures = new Map(); // transport -> cooldowns in a row
  #environment;

  constructor(environment) {
    this.#environment = environment;
  }

  isReady(transport) {
    return this.#readyIn(transport) === 0;
  }

  /** The transport failed while a lesser one works. */
  start(transport) {
    if (!this.isReady(transport)) return;
    const failures = this.#failures.get(transport) ?? 0;
    this.#failures.set(transport, failures + 1);
    const wait = Math.min(MAX_COOLDOWN, FIRST_COOLDOWN * 2 ** failures) * (0.75 + 0.5 * this.#environment.random());
    this.#active.set(transport, { until: this.#environment.now() + wait, requested: false });
  }

  /** The server requested a pause, with Retry-After in seconds. */
  pause(transport, retryAfter) {
    const until = this.#environment.now() + retryAfter * 1000 + this.#environment.random() * RETRY_AFTER_JITTER;
    this.#active.set(transport, { until, requested: true });
  }

  /** The transport works and is stable: its next cooldown is a short one again. */
  reset(transport) {
    this.#failures.delete(transport);
  }

  /** Conditions have changed: end all cooldowns except those that a server requested. */
  clear() {
    for (const [transport, { requested }] of this.#active) if (!requested) this.#active.delete(transport);
    this.#failures.clear();
  }

  /** Milliseconds until the first of these transports is ready; 0 when one is, Infinity for none at all. */
  readyIn(transports) {
    return Math.min(...transports.map((transport) => this.#readyIn(transport)));
  }

  #readyIn(transport) {
    return Math.max(0, (this.#active.get(transport)?.until ?? 0) - this.#environment.now());
  }
}
