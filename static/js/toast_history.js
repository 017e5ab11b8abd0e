// Which notifications this browser has shown: a page that is loaded anew, or a tab that was restored, gets events again
// that came before, and must not show them as news.

export class ToastMark {
  #key;
  #storage;
  #seen = null;

  /**
   * @param {string} user whose notifications
   * @param {() => Storage} [storage] where to remember; it may refuse (an exception), then nothing is remembered
   */
  constructor(user, storage = () => localStorage) {
    this.#key = `gistagum-toasted-${user}`;
    this.#storage = storage;
    this.look();
  }

  /**
   * Learn what other tabs have shown by now. Only when a page is loaded or looked at: of two windows that are both in
   * sight, both show what comes.
   */
  look() {
    this.#seen = this.#read();
  }

  /** Whether people have been shown this event. */
  has({ id, at }) {
    // By its time too: where an older database was restored, the ids begin anew.
    return this.#seen !== null && id <= this.#seen.id && !(Date.parse(at) > this.#seen.at);
  }

  /** Remember that people are shown this event. */
  add({ id, at }) {
    const before = this.#read();
    const time = Date.parse(at) || 0;
    if (before && id <= before.id && time <= before.at) return;
    try {
      this.#storage().setItem(this.#key, JSON.stringify({ id, at: time }));
    } catch {
      // Full, or not allowed: one more toast at the next page is all the harm.
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
