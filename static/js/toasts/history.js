// Remembers which notifications this browser has shown: a page that is loaded again, or a tab that was restored, receives
// earlier events again and must not show them as new.

export class History {
  #key;
  #storage;
  #newest = null;

  /**
   * @param {string} user the user's id
   * @param {() => Storage} [storage] may throw; then nothing is remembered
   */
  constructor(user, storage = () => localStorage) {
    this.#key = `gistagum-toasted-${user}`;
    this.#storage = storage;
    this.reload();
  }

  /**
   * Read what other tabs have shown. Only when a page is loaded or becomes visible: two windows that are both visible both
   * show what arrives.
   */
  reload() {
    this.#newest = this.#read();
  }

  /** Whether this event has been shown. */
  has({ id, at }) {
    // The time is compared too: after an older database was restored, ids start again from a lower number.
    return this.#newest !== null && id <= this.#newest.id && !(Date.parse(at) > this.#newest.at);
  }

  /** Remember that this event has been shown. */
  add({ id, at }) {
    const newest = this.#read();
    const time = Date.parse(at) || 0;
    if (newest && id <= newest.id && time <= newest.at) return;
    try {
      this.#storage().setItem(this.#key, JSON.stringify({ id, at: time }));
    } catch {
      // The storage is full or not allowed: the next page shows one toast again.
    }
  }

  #read() {
    try {
      const { id, at } = JSON.parse(this.#storage().getItem(this.#key));
      return Number.isSafeInteger(id) && Number.isFinite(at) ? { id, at } : null;
    } catch {
      return null;
    }
  }
}
