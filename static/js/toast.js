// The toast in the corner of the page. It disappears after five seconds, but not while it has the mouse or the focus.

const DURATION = 5000; // milliseconds

export class Toast {
  #box = document.getElementById("toast-notification");
  #message = document.getElementById("toast-message");
  #link = document.getElementById("toast-link");
  #timer = null;
  #more = 0; // messages that this one has replaced

  constructor() {
    if (!this.#box) return;
    document.getElementById("toast-close").addEventListener("click", () => this.hide());
    for (const type of ["mouseenter", "focusin"]) this.#box.addEventListener(type, () => clearTimeout(this.#timer));
    // :hover and :focus-within are only up to date after the event, hence the timeout.
    for (const type of ["mouseleave", "focusout"]) {
      this.#box.addEventListener(type, () => setTimeout(() => this.#scheduleHide()));
    }
  }

  /**
   * @param {string} message plain text: it is never interpreted as markup
   * @param {string} [url] of the link
   */
  show(message, url) {
    if (!this.#box) return;
    this.#more = this.#isShown ? this.#more + 1 : 0;
    this.#message.textContent = this.#more ? `${message} (and ${this.#more} more)` : message;
    this.#link.hidden = !url;
    if (url) this.#link.href = url;
    this.#box.classList.remove("hidden");
    this.#scheduleHide();
  }

  hide() {
    clearTimeout(this.#timer);
    this.#box.classList.add("hidden");
  }

  get #isShown() {
    return !this.#box.classList.contains("hidden");
  }

  #scheduleHide() {
    clearTimeout(this.#timer);
    const isInUse = this.#box.matches(":hover, :focus-within");
    if (this.#isShown && !isInUse) this.#timer = setTimeout(() => this.hide(), DURATION);
  }
}
