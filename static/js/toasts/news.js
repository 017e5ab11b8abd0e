// Decides which notifications are shown as a toast, and when: each once, and only while the page is visible.

const MAX_WAITING = 50; // notifications while the page is hidden; only the newest are kept

export class News {
  #show;
  #history;
  #isHidden;
  #onPage;
  #waiting = [];

  /**
   * @param {{show: (frame: object) => void, history: import("./history.js").History,
   *   isHidden: () => boolean, onPage?: number[]}} options `onPage`: the ids of notifications that the page was rendered
   *   with although their events follow; they are not news
   */
  constructor({ show, history, isHidden, onPage = [] }) {
    this.#show = show;
    this.#history = history;
    this.#isHidden = isHidden;
    this.#onPage = new Set(onPage);
  }

  /** A notification arrived. */
  add(frame) {
    if (this.#onPage.has(frame.notification_id)) return;
    if (this.#isHidden()) {
      this.#waiting.push(frame);
      if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    } else if (frame.id === undefined) {
      this.#show(frame); // an ephemeral message: it is never replayed
    } else if (!this.#history.has(frame)) {
      this.#history.add(frame);
      this.#show(frame);
    }
  }

  /** The page is visible again: show what arrived meanwhile and was not shown in another tab. */
  flush() {
    this.#history.reload();
    for (const frame of this.#waiting.splice(0)) this.add(frame);
  }
}
