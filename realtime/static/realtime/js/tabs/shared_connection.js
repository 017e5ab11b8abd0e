// One connection for all tabs in which the same user is signed in. A Web Lock elects the leader: the tab that keeps the
// connection and broadcasts what it delivers over a BroadcastChannel. When the leader closes or crashes, the browser grants
// the lock to the next tab. A leader that hangs keeps its lock: a visible tab detects that and steals it.

const PING_INTERVAL = 5_000; // milliseconds between two checks that the leader responds
const PING_TIMEOUT = 2_000; // milliseconds
const TIMEOUT_JITTER = 500; // milliseconds, so that not all tabs steal the lock at the same moment
const LATE_TIMER = 1_000; // milliseconds; if a timer is later than this, the tab itself was suspended and cannot judge
const STUCK_AFTER = 5_000; // milliseconds that a hidden leader may be without a connection
const FORMAT = 1; // of the messages between tabs; tabs with another format have a leader of their own

/**
 * Whether this browser supports a shared connection.
 * @param {object} environment
 */
export function canShare(environment) {
  return Boolean(environment.locks()?.request);
}

export class SharedConnection {
  #name;
  #environment;
  #callbacks;
  #channel = null;
  #isLeader = false;
  #lockRequest = 0; // grows with every request for the lock: results of earlier requests are ignored
  #abort = null;
  #releaseLock = null;
  #pingTimer = null;
  #pingTimeout = null;
  #leaderSeenAt = -Infinity;

  /**
   * @param {string} user the id of the user whose tabs share the connection
   * @param {object} environment
   * @param {{onBecomeLeader: () => void, onResign: () => void,
   *   onBatch: (batch: {after: number | null, frames: object[]}) => void, onStatus: (status: object) => void,
   *   onRequest: (request: {check?: boolean, network?: boolean, woke?: boolean, page?: string}) => void,
   *   onUnavailable: () => void, status: () => object, page?: () => string}} callbacks `onBecomeLeader`: connect; `onResign`:
   *   disconnect. `onRequest`: a tab asks this leader to check the connection; `page` is the name of that tab's live page.
   *   `onUnavailable`: the browser does not allow sharing after all
   */
  constructor(user, environment, callbacks) {
    this.#name = `gistagum-live-${FORMAT}-${user}`;
    this.#environment = environment;
    this.#callbacks = callbacks;
  }

  /** Whether this tab keeps the connection. */
  get isLeader() {
    return this.#isLeader;
  }

  start() {
    if (this.#channel) return;
    try {
      this.#channel = this.#environment.makeChannel(this.#name);
    } catch {
      this.#callbacks.onUnavailable();
      return;
    }
    this.#channel.onmessage = ({ data }) => this.#receive(data);
    this.#requestLock();
    this.request({});
    this.#schedulePing(0);
  }

  /** Leave the group; another tab becomes the leader at once. */
  stop() {
    if (!this.#channel) return;
    this.#lockRequest += 1;
    this.#abort?.abort();
    this.#stopPinging();
    this.#channel.onmessage = null;
    this.#setLeader(false);
    this.#channel.close();
    this.#channel = null;
    this.#releaseLock?.();
    this.#releaseLock = null;
  }

  /** This tab became visible or hidden. */
  setVisible(visible) {
    if (!this.#channel) return;
    if (!visible) {
      this.#stopPinging();
      return;
    }
    this.request({});
    this.#ping();
  }

  /** Send what the connection delivered to the other tabs. */
  broadcast(batch) {
    if (this.#isLeader) this.#post({ kind: "batch", ...batch });
  }

  /** Send the state of the connection to the other tabs. */
  broadcastStatus() {
    if (this.#isLeader) this.#post({ kind: "status", ...this.#callbacks.status() });
  }

  /** Ask the leader to check the connection. */
  request(what) {
    if (this.#isLeader) this.#callbacks.onRequest(what);
    else this.#post({ kind: "ask", page: this.#callbacks.page?.() ?? "", ...what });
  }

  // --- the lock ---------------------------------------------------------------------------------------------------

  /** Wait for the lock, or steal it. */
  #requestLock({ steal = false } = {}) {
    const request = ++this.#lockRequest;
    this.#abort?.abort();
    this.#abort = new AbortController();
    const options = steal ? { steal } : { signal: this.#abort.signal };
    const onGranted = () => {
      if (request !== this.#lockRequest) return undefined;
      const released = new Promise((resolve) => {
        this.#releaseLock = resolve;
      });
      this.#setLeader(true);
      return released;
    };
    this.#environment
      .locks()
      .request(this.#name, options, onGranted)
      .catch((error) => request === this.#lockRequest && this.#lockLost(error));
  }

  #lockLost(error) {
    this.#releaseLock = null;
    if (error?.name !== "AbortError") {
      this.stop();
      this.#callbacks.onUnavailable();
      return;
    }
    this.#environment.debug("another tab took over");
    this.#setLeader(false);
    this.#requestLock();
    this.#schedulePing(PING_INTERVAL);
  }

  #setLeader(isLeader) {
    if (isLeader === this.#isLeader) return;
    this.#isLeader = isLeader;
    this.#environment.debug(isLeader ? "this tab leads" : "this tab leads no more");
    if (isLeader) {
      this.#stopPinging();
      this.#callbacks.onBecomeLeader();
      this.broadcastStatus();
    } else {
      this.#callbacks.onResign();
    }
  }

  // --- detecting a leader that hangs -----------------------------------------------------------------------------------

  #schedulePing(milliseconds) {
    this.#environment.clearTimeout(this.#pingTimer);
    this.#pingTimer = this.#environment.setTimeout(() => {
      // A ping of another tab was answered to all tabs.
      if (this.#environment.now() - this.#leaderSeenAt < PING_INTERVAL / 2) this.#schedulePing(PING_INTERVAL);
      else this.#ping();
    }, milliseconds);
  }

  #ping() {
    if (!this.#channel || this.#isLeader || this.#environment.isHidden()) return;
    this.#post({ kind: "ping" });
    this.#schedulePing(PING_INTERVAL);
    if (this.#pingTimeout !== null) return;
    const sentAt = this.#environment.now();
    const timeout = PING_TIMEOUT + this.#environment.random() * TIMEOUT_JITTER;
    this.#pingTimeout = this.#environment.setTimeout(() => {
      this.#pingTimeout = null;
      const wasSuspended = this.#environment.now() - sentAt > timeout + LATE_TIMER;
      if (this.#leaderSeenAt >= sentAt || this.#environment.isHidden()) return;
      if (wasSuspended) this.#ping();
      else this.#requestLock({ steal: true });
    }, timeout);
  }

  #stopPinging() {
    this.#environment.clearTimeout(this.#pingTimer);
    this.#environment.clearTimeout(this.#pingTimeout);
    this.#pingTimeout = null;
  }

  // --- messages between tabs --------------------------------------------------------------------------------------------

  #post(message) {
    if (message.kind !== "ping") this.#environment.debug("to the other tabs", message);
    this.#channel?.postMessage(message);
  }

  #receive(message) {
    if (typeof message !== "object" || message === null) return;
    if (this.#isLeader) {
      if (message.kind === "ping") this.broadcastStatus();
      else if (message.kind === "ask") {
        this.#callbacks.onRequest(message);
        this.broadcastStatus(); // as it is now: the request may have changed it
      }
      return;
    }
    if (message.kind !== "batch" && message.kind !== "status") return;
    this.#leaderSeenAt = this.#environment.now();
    if (message.kind === "batch") this.#callbacks.onBatch(message);
    else {
      this.#callbacks.onStatus(message);
      if (this.#isStuck(message)) this.#requestLock({ steal: true });
    }
  }

  /** A hidden leader has throttled timers: a visible tab reconnects sooner. `obeys`: the server requested the pause. */
  #isStuck({ state, hidden, obeys, since }) {
    const waits = (state === "connecting" || state === "reconnecting") && hidden && !obeys;
    return waits && this.#environment.date() - since > STUCK_AFTER && !this.#environment.isHidden();
  }
}
