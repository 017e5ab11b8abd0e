// Messages on their way: shown at once, sent one after the other, again when the connection is back. Each has an id of this
// browser, by which the server knows it when it comes a second time.

const FIRST_WAIT = 1000; // milliseconds until the second try
const LONGEST_WAIT = 30_000; // milliseconds

/**
 * @typedef {{clientId: string, key: string, conversationId: number | null, receiverId: number | string | null,
 *   text: string, parentId: number | null, attachments: object[], at: number, isEncrypted?: boolean,
 *   state: "waiting" | "sending" | "failed", order: number, error?: string}} Item `order` increases from one to the next
 */

export class Outbox {
  #kept;
  #send;
  #onChange;
  #onSent;
  #timers;
  #items;
  #isSending = false;
  #tries = 0;
  #timer = null;

  /**
   * @param {{kept: import("./kept.js").Kept, send: (item: Item) => Promise<object>, onChange: (key: string) => void,
   *   onSent: (item: Item, message: object) => void, timers?: object}} options `send` rejects with an error whose
   *   `isFinal` says that another try would be refused as well, `isOfAnother` that somebody else is signed in by now, and
   *   `retryAfter` (milliseconds) when to try again
   */
  constructor({ kept, send, onChange, onSent, timers = globalThis }) {
    this.#kept = kept;
    this.#send = send;
    this.#onChange = onChange;
    this.#onSent = onSent;
    this.#timers = timers;
    // Those that were being sent when the page was left may have arrived: the server knows their ids.
    this.#items = kept.waiting.map((item) => (item.state === "failed" ? item : { ...item, state: "waiting" }));
  }

  /** The messages of a conversation that are not sent yet, in order. */
  of(key) {
    return this.#items.filter((item) => item.key === key);
  }

  get size() {
    return this.#items.length;
  }

  /** Send a message as soon as those before it are sent. */
  add(item) {
    const added = { ...item, state: "waiting", order: this.#nextOrder() };
    this.#items.push(added);
    this.#keep(added);
    this.flush();
  }

  /** Try one again that the server has refused. It goes to the end, since those after it are sent. */
  retry(clientId) {
    const item = this.#find(clientId);
    if (item?.state !== "failed") return;
    this.#items = [...this.#items.filter((other) => other !== item), item];
    Object.assign(item, { state: "waiting", order: this.#nextOrder() });
    delete item.error;
    this.#keep(item);
    this.flush();
  }

  /** Take one back that is not sent. Returns it, or null while it is being sent. */
  discard(clientId) {
    const item = this.#find(clientId);
    if (!item || item.state === "sending") return null;
    this.#drop(item);
    return item;
  }

  /** The server has this message: the answer was lost, or another tab has sent it. Or it was taken back there. */
  arrived(clientId) {
    const item = this.#find(clientId);
    if (item) this.#drop(item);
  }

  /** A new conversation has become one with an id: what waits for it goes there. */
  rename(key, newKey, conversationId) {
    for (const item of this.of(key)) this.#keep(Object.assign(item, { key: newKey, conversationId, receiverId: null }));
  }

  /** Send what waits, now: the connection is back. After its author has signed out, nothing is sent. */
  async flush() {
    this.#timers.clearTimeout(this.#timer);
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let item = this.#next(); item; item = this.#next()) {
        if (!(await this.#try(item))) break;
      }
    } finally {
      this.#isSending = false;
    }
  }

  #next() {
    if (this.#kept.isOver) return undefined;
    return this.#items.find((item) => item.state === "waiting");
  }

  /** Returns whether the next one may be tried. */
  async #try(item) {
    item.state = "sending";
    this.#onChange(item.key);
    try {
      const message = await this.#send(item);
      this.#tries = 0;
      this.#forget(item);
      this.#onSent(item, message); // before anything is shown anew: the message takes the item's place
      this.#onChange(item.key);
      return true;
    } catch (error) {
      if (error.isOfAnother) this.#kept.clear();
      if (!this.#items.includes(item)) return true; // it has arrived all the same
      item.state = error.isFinal ? "failed" : "waiting";
      if (error.isFinal) item.error = error.message;
      else this.#tryLater(error.retryAfter);
      this.#keep(item);
      return Boolean(error.isFinal);
    }
  }

  #tryLater(retryAfter) {
    const wait = Math.min(FIRST_WAIT * 2 ** this.#tries, LONGEST_WAIT);
    this.#tries += 1;
    this.#timer = this.#timers.setTimeout(() => this.flush(), Math.max(wait, retryAfter ?? 0));
  }

  #keep(item) {
    this.#kept.keepWaiting(item);
    this.#onChange(item.key);
  }

  #drop(item) {
    this.#forget(item);
    this.#onChange(item.key);
  }

  #forget(item) {
    this.#items = this.#items.filter((other) => other !== item);
    this.#kept.dropWaiting(item.clientId);
  }

  /** The clock, so that what another tab has kept has its place; two of one moment keep theirs, too. */
  #nextOrder() {
    return Math.max(Date.now(), ...this.#items.map(({ order }) => order + 1));
  }

  #find(clientId) {
    return this.#items.find((item) => item.clientId === clientId);
  }
}
