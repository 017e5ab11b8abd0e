// The moments after the machine woke, or its network came back. The network may not be up yet, so a transport that fails now
// has not been tried: it is tried again, and neither its failure nor a fallback is reported. That ends when the server has
// been reached, at the latest after a while.

const DURATION = 20_000; // milliseconds
const RETRY_WAIT = 500; // milliseconds, with jitter: nothing is sent without a network
const UNPROVEN = new Set(["blocked", "unreachable", "silent", "closed", "refused"]);

export class Awakening {
  #environment;
  #until = -Infinity;

  /** The transport that was in use before, and is tried first. */
  transport = null;

  constructor(environment) {
    this.#environment = environment;
  }

  begin(transport) {
    this.#until = this.#environment.now() + DURATION;
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

  get retryWait() {
    return RETRY_WAIT * (1 + this.#environment.random());
  }
}
