// Which of the notifications that come are shown as a toast, and when: once, and when somebody is there to see it.

const MOST = 50; // that wait for somebody to look; of more, only the newest

export class Notices {
  #show;
  #mark;
  #isHidden;
  #waiting = [];

  /**
   * @param {{show: (frame: object) => void, mark: import("./toast_history.js").ToastMark, isHidden: () => boolean}} options
   */
  constructor({ show, mark, isHidden }) {
    this.#show = show;
    this.#mark = mark;
    this.#isHidden = isHidden;
  }

  /** A notification came. */
  take(frame) {
    if (this.#isHidden()) {
      this.#waiting.push(frame);
      if (this.#waiting.length > MOST) this.#waiting.shift();
    } else if (frame.id === undefined) {
      this.#show(frame); // said in passing: it does not come again
    } else if (!this.#mark.has(frame)) {
      this.#mark.add(frame);
      this.#show(frame);
    }
  }

  /** Somebody looks at the page again: show what came meanwhile, and was not shown in another tab. */
  looked() {
    this.#mark.look();
    this.#waiting.splice(0).forEach((frame) => this.take(frame));
  }
}
