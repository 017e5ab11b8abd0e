// What the browser keeps for a person over a reload: drafts, and messages that wait to be sent. It is kept for each person
// and gone when they sign out.

const PREFIX = "gistagum-messages-";
const MAX_DRAFTS = 50;
const MAX_WAITING = 200;
const over = new Set(); // the people who have signed out while this page was open: nothing of them is kept again

/** @typedef {{text: string, parentId?: number | null, attachments?: object[]}} Draft */

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
    this.#write("drafts", others.slice(-MAX_DRAFTS));
  }

  /** The messages that wait to be sent, in order. */
  get waiting() {
    const kept = this.#read("waiting");
    return Array.isArray(kept) ? kept.filter((item) => typeof item?.clientId === "string").slice(0, MAX_WAITING) : [];
  }

  keepWaiting(items) {
    this.#write("waiting", items.slice(0, MAX_WAITING));
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
    const kept = this.#read("drafts");
    const isDraft = (entry) => Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1]?.text === "string";
    return Array.isArray(kept) ? kept.filter(isDraft) : [];
  }

  #read(name) {
    try {
      return JSON.parse(this.#storage().getItem(`${PREFIX}${this.#user}-${name}`));
    } catch {
      return null; // not allowed, or not ours
    }
  }

  #write(name, items) {
    if (over.has(this.#user)) return;
    try {
      const key = `${PREFIX}${this.#user}-${name}`;
      if (items.length) this.#storage().setItem(key, JSON.stringify(items));
      else this.#storage().removeItem(key);
    } catch {
      // Full or not allowed: it lasts as long as the page.
    }
  }

  #remove(isMeant) {
    try {
      const storage = this.#storage();
      const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
      for (const key of keys) if (key && isMeant(key)) storage.removeItem(key);
    } catch {
      // Not allowed, so nothing was kept.
    }
  }
}
