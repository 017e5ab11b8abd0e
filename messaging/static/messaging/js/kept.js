// What the browser keeps for a person over a reload: drafts, and messages that wait to be sent. It is kept for each person
// and gone when they sign out.

const PREFIX = "gistagum-messages-";
const MAX_DRAFTS = 50;
const MAX_WAITING = 200;
const over = new Set(); // the people who have signed out while this page was open: nothing of them is kept again

/** @typedef {{text: string, parent?: object | null, attachments?: object[]}} Draft `parent`: the message that it answers */

export class Kept {
  #user;
  #storage;

  /**
   * @param {string} user the person's id
   * @param {() => Storage} [storage] may throw; then nothing is kept
   */
  constructor(user, storage = () => localStorage) {
    this.#user = String(user);
    this.#storage = storage;
  }

  /** @returns {Draft | null} what was typed for this conversation and not sent */
  draft(key) {
    return this.#drafts().find(([name]) => name === key)?.[1] ?? null;
  }

  /** The keys of the conversations with a draft. */
  get drafted() {
    return this.#drafts().map(([name]) => name);
  }

  /** Keep a draft; an empty one is removed. Of very many, the oldest go. */
  keepDraft(key, draft) {
    const others = this.#drafts().filter(([name]) => name !== key);
    const isEmpty = !draft || !(draft.text.trim() || draft.attachments?.length);
    if (!isEmpty) others.push([key, draft]);
    this.#write(this.#draftsKey, others.length ? others.slice(-MAX_DRAFTS) : null);
  }

  /** The messages that wait to be sent, in order. Each has a key of its own: tabs do not overwrite each other's. */
  get waiting() {
    const items = this.#waitingKeys().map((key) => this.#read(key));
    const whole = items.filter((item) => typeof item?.clientId === "string" && Number.isFinite(item.order));
    return whole.sort((one, other) => one.order - other.order).slice(0, MAX_WAITING);
  }

  /** Keep a message that waits. Of very many, the newest are not kept. */
  keepWaiting(item) {
    const key = this.#waitingKey(item.clientId);
    const keys = this.#waitingKeys();
    if (keys.length < MAX_WAITING || keys.includes(key)) this.#write(key, item);
  }

  dropWaiting(clientId) {
    this.#write(this.#waitingKey(clientId), null);
  }

  /** The `clientId` of the waiting message that has this key of the storage; null for any other key. */
  waitingId(key) {
    const prefix = this.#waitingKey("");
    return key?.startsWith(prefix) ? key.slice(prefix.length) : null;
  }

  /** Whether this person has signed out while this page was open. */
  get isOver() {
    return over.has(this.#user);
  }

  /** Nothing of this person is kept any longer, and nothing more by this page: they sign out. */
  clear() {
    over.add(this.#user);
    this.#remove((key) => key.startsWith(`${PREFIX}${this.#user}-`));
  }

  /** Nothing of anybody else is kept any longer: this person uses the browser now. */
  clearOthers() {
    this.#remove((key) => key.startsWith(PREFIX) && !key.startsWith(`${PREFIX}${this.#user}-`));
  }

  #drafts() {
    const kept = this.#read(this.#draftsKey);
    const isDraft = (entry) => Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1]?.text === "string";
    return Array.isArray(kept) ? kept.filter(isDraft) : [];
  }

  get #draftsKey() {
    return `${PREFIX}${this.#user}-drafts`;
  }

  #waitingKey(clientId) {
    return `${PREFIX}${this.#user}-waiting-${clientId}`;
  }

  #waitingKeys() {
    return this.#keys().filter((key) => this.waitingId(key) !== null);
  }

  #read(key) {
    try {
      return JSON.parse(this.#storage().getItem(key));
    } catch {
      return null; // not allowed, or not ours
    }
  }

  /** Null removes what is there. */
  #write(key, value) {
    if (this.isOver) return;
    try {
      if (value !== null) this.#storage().setItem(key, JSON.stringify(value));
      else this.#storage().removeItem(key);
    } catch {
      // Full or not allowed: it lasts as long as the page.
    }
  }

  #remove(isMeant) {
    for (const key of this.#keys().filter(isMeant)) this.#storage().removeItem(key);
  }

  #keys() {
    try {
      const storage = this.#storage();
      return Array.from({ length: storage.length }, (_, index) => storage.key(index)).filter(Boolean);
    } catch {
      return []; // not allowed, so nothing was kept
    }
  }
}
