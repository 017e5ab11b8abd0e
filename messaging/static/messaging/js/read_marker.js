// Tells the server how far the conversation that is open has been read: only what was in sight, of a page that has the focus.

const DELAY = 250; // milliseconds, within which several messages are one report
const RETRY = 5000; // milliseconds

export class ReadMarker {
  #post;
  #target;
  #timer = null;
  #isBusy = false;
  #read = new Map(); // by conversation: the newest message that was reported

  /**
   * @param {{post: (conversationId: number, messageId: number) => Promise<void>,
   *   target: () => {conversationId: number, messageId: number} | null}} options `target`: the newest message in sight that
   *   is not read yet
   */
  constructor({ post, target }) {
    this.#post = post;
    this.#target = target;
  }

  /** Something else is in sight. */
  look(delay = DELAY) {
    if (this.#isBusy || !this.#next()) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#report(), delay);
  }

  #next() {
    const target = this.#target();
    return target && target.messageId > (this.#read.get(target.conversationId) ?? 0) ? target : null;
  }

  async #report() {
    const target = this.#next();
    if (!target || this.#isBusy) return;
    this.#isBusy = true;
    let delay = DELAY;
    try {
      await this.#post(target.conversationId, target.messageId);
      this.#read.set(target.conversationId, target.messageId);
    } catch (error) {
      delay = RETRY;
      if (error.isFinal) this.#read.set(target.conversationId, target.messageId); // it would be refused again
    }
    this.#isBusy = false;
    this.look(delay);
  }
}
