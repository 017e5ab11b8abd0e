// Reads the history of a conversation into the store: its newest page, and older ones.

const PAGE = 40; // messages that are loaded at once
const MOST_PAGES = 15; // that are loaded to find one message

export class ThreadHistory {
  #app;
  #onOlder;
  #older = new Map(); // by conversation: the older page that is on its way

  /**
   * @param {{api: object, store: import("./store.js").Store, say: (text: string) => void,
   *   loadConversation: (id: number) => Promise<void>}} app
   * @param {(id: number) => void} onOlder older messages of this conversation are here
   */
  constructor(app, onOlder) {
    this.#app = app;
    this.#onOlder = onOlder;
  }

  /** Read the newest page. `isReset`: what is known of the conversation is not certain any longer. Rejects with an ApiError. */
  async load(id, { isReset = false } = {}) {
    const { api, store, loadConversation } = this.#app;
    const known = store.conversation(id);
    // The list does not tell how far the others have read.
    const isWhole = known && (known.kind === "direct" || known.readers !== undefined);
    if (isReset || !isWhole) await loadConversation(id);
    await store.load(id, () => api.get(`conversations/${id}/messages/`, { limit: PAGE }));
  }

  /** Read what comes before. Returns whether there may be more here than before. */
  loadOlder(id) {
    const thread = id && this.#app.store.thread(id);
    if (!thread?.isLoaded || !thread.hasOlder) return Promise.resolve(false);
    if (!this.#older.has(id)) this.#older.set(id, this.#readOlder(id).finally(() => this.#older.delete(id)));
    return this.#older.get(id);
  }

  /** Read older pages until `isHere` says that this message is shown. Returns whether it is. */
  async find(id, messageId, isHere) {
    for (let page = 0; page < MOST_PAGES && !isHere(); page += 1) {
      const { oldestId } = this.#app.store.thread(id);
      if (oldestId === null || oldestId <= messageId || !(await this.loadOlder(id))) return false;
    }
    return isHere();
  }

  async #readOlder(id) {
    const { api, store, say } = this.#app;
    try {
      await store.loadOlder(id, (before) => api.get(`conversations/${id}/messages/`, { before, limit: PAGE }));
    } catch (error) {
      say(error.message);
      return false;
    }
    this.#onOlder(id);
    return true;
  }
}
