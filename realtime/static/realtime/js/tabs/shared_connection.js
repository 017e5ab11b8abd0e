// One connection for all tabs of a browser in which the same person is signed in. A Web Lock makes one of them the leader:
// it holds the connection, and tells the others over a BroadcastChannel. When it closes or crashes, the browser gives the
// lock to the next. A leader that hangs still has its lock: a tab that somebody looks at notices and takes it away.

const PING = 5_000; // milliseconds between two questions whether the leader is there
const ANSWER = 2_000; // milliseconds that it has for the answer
const SPREAD = 500; // milliseconds more, at random, so that not all tabs take over in the same moment
const LATE = 1_000; // milliseconds that a timer is late when this tab itself was held up: then it knows nothing
const STUCK = 5_000; // milliseconds that a leader nobody looks at may be without a connection
const FORMAT = 1; // of what tabs say to each other; tabs of another version keep to themselves

/**
 * Whether this browser has what tabs need to share a connection.
 * @param {object} world
 */
export function canShare(world) {
  return Boolean(world.locks()?.request);
}

export class Tabs {
  #name;
  #world;
  #hears;
  #channel = null;
  #leads = false;
  #turn = 0; // grows with every request for the lock: answers to the ones before mean nothing
  #abort = null;
  #release = null;
  #pinged = null; // the next question
  #doubt = null; // the end of the patience with a leader that does not answer
  #heard = -Infinity;

  /**
   * @param {string} user whose tabs
   * @param {object} world
   * @param {{onLead: () => void, onLetGo: () => void, onBatch: (batch: {after: number | null, frames: object[]}) => void,
   *   onStatus: (status: object) => void, onAsk: (ask: {check?: boolean, network?: boolean}) => void,
   *   onAlone: () => void, status: () => object}} hears `onLead`: hold the connection from now on; `onLetGo`: no more.
   *   `onAsk`: a tab asks its leader to look after the connection. `onAlone`: nothing can be shared after all
   */
  constructor(user, world, hears) {
    this.#name = `gistagum-live-${FORMAT}-${user}`;
    this.#world = world;
    this.#hears = hears;
  }

  /** Whether this tab holds the connection. */
  get leads() {
    return this.#leads;
  }

  start() {
    if (this.#channel) return;
    try {
      this.#channel = this.#world.makeChannel(this.#name);
    } catch {
      this.#hears.onAlone();
      return;
    }
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#queue();
    this.ask({});
    this.#pingLater(0);
  }

  /** Leave: whoever is next takes over at once. */
  stop() {
    if (!this.#channel) return;
    this.#turn += 1;
    this.#abort?.abort();
    this.#stopPinging();
    this.#channel.onmessage = null;
    this.#step(false);
    this.#channel.close();
    this.#channel = null;
    this.#release?.();
    this.#release = null;
  }

  /** Somebody looks at this tab, or no longer does. */
  seen(visible) {
    if (!this.#channel) return;
    if (!visible) {
      this.#stopPinging();
      return;
    }
    this.ask({});
    this.#ping();
  }

  /** Tell the other tabs what the connection brought. */
  tell(batch) {
    if (this.#leads) this.#post({ kind: "batch", ...batch });
  }

  /** Tell the other tabs how the connection is. */
  tellStatus() {
    if (this.#leads) this.#post({ kind: "status", ...this.#hears.status() });
  }

  /** Ask the leader to look after the connection. */
  ask(what) {
    if (this.#leads) this.#hears.onAsk(what);
    else this.#post({ kind: "ask", ...what });
  }

  // --- the lock ---------------------------------------------------------------------------------------------------

  /** Wait for the lock; or take it from whoever has it. */
  #queue({ steal = false } = {}) {
    const turn = ++this.#turn;
    this.#abort?.abort();
    this.#abort = new AbortController();
    const options = steal ? { steal } : { signal: this.#abort.signal };
    const hold = () => {
      if (turn !== this.#turn) return undefined;
      const held = new Promise((resolve) => (this.#release = resolve));
      this.#step(true);
      return held;
    };
    this.#world
      .locks()
      .request(this.#name, options, hold)
      .catch((error) => turn === this.#turn && this.#robbed(error));
  }

  #robbed(error) {
    this.#release = null;
    if (error?.name !== "AbortError") {
      this.stop();
      this.#hears.onAlone();
      return;
    }
    this.#world.debug("another tab took over");
    this.#step(false);
    this.#queue();
    this.#pingLater(PING);
  }

  #step(leads) {
    if (leads === this.#leads) return;
    this.#leads = leads;
    this.#world.debug(leads ? "this tab leads" : "this tab leads no more");
    if (leads) {
      this.#stopPinging();
      this.#hears.onLead();
      this.tellStatus();
    } else {
      this.#hears.onLetGo();
    }
  }

  // --- is the leader there? ---------------------------------------------------------------------------------------

  #pingLater(milliseconds) {
    this.#world.clearTimeout(this.#pinged);
    this.#pinged = this.#world.setTimeout(() => {
      // What another tab asked was answered to all.
      if (this.#world.now() - this.#heard < PING / 2) this.#pingLater(PING);
      else this.#ping();
    }, milliseconds);
  }

  #ping() {
    if (!this.#channel || this.#leads || this.#world.isHidden()) return;
    this.#post({ kind: "ping" });
    this.#pingLater(PING);
    if (this.#doubt !== null) return;
    const asked = this.#world.now();
    const patience = ANSWER + this.#world.random() * SPREAD;
    this.#doubt = this.#world.setTimeout(() => {
      this.#doubt = null;
      const late = this.#world.now() - asked > patience + LATE;
      if (this.#heard >= asked || this.#world.isHidden()) return;
      if (late) this.#ping();
      else this.#queue({ steal: true });
    }, patience);
  }

  #stopPinging() {
    this.#world.clearTimeout(this.#pinged);
    this.#world.clearTimeout(this.#doubt);
    this.#doubt = null;
  }

  // --- what tabs say ----------------------------------------------------------------------------------------------

  #post(message) {
    if (message.kind !== "ping") this.#world.debug("to the other tabs", message);
    this.#channel?.postMessage(message);
  }

  #hear(message) {
    if (typeof message !== "object" || message === null) return;
    if (this.#leads) {
      if (message.kind === "ping") this.tellStatus();
      else if (message.kind === "ask") {
        this.tellStatus();
        this.#hears.onAsk(message);
      }
      return;
    }
    if (message.kind !== "batch" && message.kind !== "status") return;
    this.#heard = this.#world.now();
    if (message.kind === "batch") this.#hears.onBatch(message);
    else {
      this.#hears.onStatus(message);
      if (this.#isStuck(message)) this.#queue({ steal: true });
    }
  }

  /** A tab that nobody looks at has slow timers: one that is looked at does better at coming back. */
  #isStuck({ state, hidden, obeys, since }) {
    const waits = (state === "connecting" || state === "reconnecting") && hidden && !obeys;
    return waits && this.#world.date() - since > STUCK && !this.#world.isHidden();
  }
}
