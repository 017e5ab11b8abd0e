// Tells screen readers and eyes what has happened: politely, one after the other.

const SHOWN = 6000; // milliseconds for which a notice stays

export class Announcer {
  #spoken;
  #notice;
  #timer = null;

  /** @param {HTMLElement} root with `.messages-spoken` (a live region out of sight) and `.messages-notice` */
  constructor(root) {
    this.#spoken = root.querySelector(".messages-spoken");
    this.#notice = root.querySelector(".messages-notice");
  }

  /** To screen readers alone: what everybody else sees. */
  speak(text) {
    const line = document.createElement("p");
    line.textContent = text;
    this.#spoken.append(line);
    while (this.#spoken.childElementCount > 5) this.#spoken.firstChild.remove();
  }

  /** To everybody: something did not work, or was done. */
  say(text) {
    this.#notice.textContent = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#notice.replaceChildren(), SHOWN);
  }
}
