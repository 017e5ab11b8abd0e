// One link with its timeouts: data must arrive soon after it was opened, and regularly after that.

const OPEN_TIMEOUTS = { websocket: 3_500, sse: 8_000, poll: 10_000 }; // milliseconds until the first data
const POLL_IDLE_TIMEOUT = 45_000; // milliseconds; a poll link is idle between two polls
const HEARTBEAT_TOLERANCE = 3_000; // milliseconds that a heartbeat may be late
const SUSPEND_THRESHOLD = 5_000; // milliseconds; a timer that is later than this means that the machine was suspended

export class Attempt {
  #environment;
  #callbacks;
  #idleTimeout;
  #lastActivity;
  #establishedAt = null;
  #timer = null;
  #ended = false;

  /**
   * @param {{transport: string, heartbeat: number, makeLink: (transport: string, callbacks: object) => object,
   *   environment: object}} options `heartbeat`: milliseconds between two heartbeats of the server
   * @param {{onEstablished: (attempt: Attempt) => void, onStable: (attempt: Attempt) => void,
   *   onFrames: (frames: object[], link: object) => void, onEnd: (attempt: Attempt, end: object) => void}} callbacks
   *   `onEstablished` at the first data, before its frames; `onStable` when data still arrives after the idle timeout
   */
  constructor({ transport, heartbeat, makeLink, environment }, callbacks) {
    this.transport = transport;
    this.#environment = environment;
    this.#callbacks = callbacks;
    this.#lastActivity = environment.now();
    this.#idleTimeout = transport === "poll" ? POLL_IDLE_TIMEOUT : 2 * heartbeat + HEARTBEAT_TOLERANCE;
    this.link = makeLink(transport, {
      onFrames: (frames) => {
        this.#activity();
        callbacks.onFrames(frames, this.link);
      },
      onActivity: () => this.#activity(),
      onEnd: (end) => this.#end(end),
    });
  }

  open() {
    this.#failAfter(OPEN_TIMEOUTS[this.transport]);
    this.link.open();
  }

  get isEstablished() {
    return this.#establishedAt !== null;
  }

  /** Milliseconds since it was established. */
  get uptime() {
    return this.isEstablished ? this.#environment.now() - this.#establishedAt : 0;
  }

  /** Whether no data has arrived for longer than the idle timeout. */
  get isSilent() {
    return this.#environment.now() - this.#lastActivity > this.#idleTimeout;
  }

  /** Disconnect, and call `onEnd` with this reason. */
  fail(reason) {
    this.link.close();
    this.#end({ reason });
  }

  /** Disconnect without calling `onEnd`. */
  close() {
    this.#ended = true;
    this.#environment.clearTimeout(this.#timer);
    this.link.close();
  }

  #end(end) {
    if (this.#ended) return;
    this.close();
    this.#callbacks.onEnd(this, end);
  }

  #activity() {
    this.#lastActivity = this.#environment.now();
    if (!this.isEstablished) {
      this.#establishedAt = this.#lastActivity;
      this.#environment.clearTimeout(this.#timer);
      this.#watchIdle(this.#idleTimeout);
      this.#callbacks.onEstablished(this);
    } else if (this.uptime > this.#idleTimeout) {
      this.#callbacks.onStable(this);
    }
  }

  #watchIdle(milliseconds) {
    this.#failAfter(milliseconds, () => {
      const remaining = this.#idleTimeout - (this.#environment.now() - this.#lastActivity);
      if (remaining > 0) this.#watchIdle(remaining);
      return remaining > 0;
    });
  }

  #failAfter(milliseconds, isAlive = () => false) {
    const due = this.#environment.now() + milliseconds;
    this.#timer = this.#environment.setTimeout(() => {
      const isLate = this.#environment.now() - due > SUSPEND_THRESHOLD;
      if (!isAlive()) this.fail(isLate ? "stale" : "silent");
    }, milliseconds);
  }
}
