// The live pages of all tabs that share a connection: the server sends the regions of those that the connection asks for.

const MAX_PAGES = 8; // as the server accepts
const ASK_INTERVAL = 30_000; // milliseconds between two times that a tab asks for its page: there may be too many

export class LivePages {
  #own;
  #askedAt = -Infinity;
  #others = []; // the pages that other tabs asked the leader for, the latest last

  /** @param {string} [own] the name of this tab's page; empty if it is no live page */
  constructor(own = "") {
    this.#own = own;
  }

  /** The name of this tab's page. */
  get own() {
    return this.#own;
  }

  /** All pages that this tab asks the server for while it leads. */
  get names() {
    return [this.#own, ...this.#others].filter(Boolean);
  }

  /**
   * Add the page of another tab.
   * @returns {boolean} whether it was not among the pages yet
   */
  add(name) {
    if (!name || typeof name !== "string" || this.names.includes(name)) return false;
    this.#others = [...this.#others, name].slice(-(MAX_PAGES - 1));
    return true;
  }

  /** Whether this tab should ask the leader, which asks the server for these pages, for its own. */
  isMissingFrom(names, now) {
    if (!this.#own || names.includes(this.#own) || now - this.#askedAt < ASK_INTERVAL) return false;
    this.#askedAt = now;
    return true;
  }
}
