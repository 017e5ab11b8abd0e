// Tells screen readers and eyes what has happened: politely, one after the other.

import { element } from "./dom.js";

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
    this.#spoken.append(element("p", { text }));
    while (this.#spoken.childElementCount > 5) this.#spoken.firstChild.remove();
  }

  /** To everybody: something did not work, or was done. */
  say(text) {
    this.#notice.replaceChildren(element("span", { text })); // a new element is read out even if it says the same
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#notice.replaceChildren(), SHOWN);
  }
}
