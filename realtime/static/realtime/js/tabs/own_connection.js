// A separate connection for each tab, for browsers without Web Locks. Over HTTP/1.1 a browser has six connections per host,
// for all tabs together. So only visible tabs keep one; hidden tabs catch up when they become visible.

const HIDDEN_GRACE = 2_000; // milliseconds that a hidden tab keeps its connection: switching between tabs closes none

/** Has the same interface as SharedConnection (shared_connection.js), without other tabs. */
export class OwnConnection {
  #environment;
  #callbacks;
  #hiddenTimer = null;
  #started = false;
  #isLeader = false;

  constructor(environment, callbacks) {
    this.#environment = environment;
    this.#callbacks = callbacks;
  }

  get isLeader() {
    return this.#isLeader;
  }

  start() {
    if (this.#started) return;
    this.#started = true;
    if (!this.#environment.isHidden()) this.#setLeader(true);
  }

  stop() {
    this.#started = false;
    this.#environment.clearTimeout(this.#hiddenTimer);
    this.#setLeader(false);
  }

  setVisible(visible) {
    this.#environment.clearTimeout(this.#hiddenTimer);
    if (!this.#started) return;
    if (!visible) this.#hiddenTimer = this.#environment.setTimeout(() => this.#setLeader(false), HIDDEN_GRACE);
    else if (this.#isLeader) this.#callbacks.onRequest({});
    else this.#setLeader(true);
  }

  broadcast() {}

  broadcastStatus() {}

  request(what) {
    if (this.#isLeader) this.#callbacks.onRequest(what);
  }

  #setLeader(isLeader) {
    if (isLeader === this.#isLeader) return;
    this.#isLeader = isLeader;
    if (isLeader) this.#callbacks.onBecomeLeader();
    else this.#callbacks.onResign();
  }
}
