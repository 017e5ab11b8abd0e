// The moments after the machine woke, or its network came back. The network may not be up yet, so a transport that fails now
// has not been tried: it is tried again, and neither its failure nor a fallback is reported. That ends when the server has
// been reached, at the latest after a while.

const DURATION = 20_000; // milliseconds
const RETRY_WAIT = { base: 500, max: 4_000 }; // milliseconds; half of each wait is random
const UNPROVEN = new Set(["blocked", "unreachable", "silent", "closed", "refused"]);

export class Awakening {
  #environment;
  #until = -Infinity;
  #tries = 0;

  /** The transport that was in use before, and is tried first. */
  transport = null;

  constructor(environment) {
    this.#environment = environment;
  }

  begin(transport) {
    this.#until = this.#environment.now() + DURATION;
    this.#tries = 0;
    this.transport = transport;
  }

  end() {
    this.#until = -Infinity;
  }

  get isOver() {
    return this.#environment.now() >= this.#until;
  }

  /** Whether an attempt that failed for this reason proves nothing. */
  excuses(reason) {
    return !this.isOver && UNPROVEN.has(reason);
  }

  /** Milliseconds until the next try. Nothing is sent while there is no network, but the server may be away as well. */
  nextWait() {
    const longest = Math.min(RETRY_WAIT.max, RETRY_WAIT.base * 2 ** this.#tries++);
    return longest * (0.5 + 0.5 * this.#environment.random());
  }
}
