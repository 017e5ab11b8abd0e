// The short message in the corner. It hides by itself after five seconds, but not while somebody reads or uses it.

const SHOWN = 5000; // milliseconds

export class Toast {
  #box = document.getElementById("toast-notification");
  #message = document.getElementById("toast-message");
  #link = document.getElementById("toast-link");
  #timer = null;
  #waiting = 0;

  constructor() {
    if (!this.#box) return;
    document.getElementById("toast-close").addEventListener("click", () => this.hide());
    for (const begin of ["mouseenter", "focusin"]) this.#box.addEventListener(begin, () => clearTimeout(this.#timer));
    // After the event: only then does :hover or :focus-within say what is so now.
    for (const end of ["mouseleave", "focusout"])
      this.#box.addEventListener(end, () => setTimeout(() => this.#hideLater()));
  }

  /**
   * @param {string} message plain text: it is never taken for markup
   * @param {string} [address] where the link leads
   */
  show(message, address) {
    if (!this.#box) return;
    this.#waiting = this.#shown ? this.#waiting + 1 : 0;
    this.#message.textContent = this.#waiting ? `${message} (and ${this.#waiting} more)` : message;
    this.#link.hidden = !address;
    if (address) this.#link.href = address;
    this.#box.classList.remove("hidden");
    this.#hideLater();
  }

  hide() {
    clearTimeout(this.#timer);
    this.#box.classList.add("hidden");
  }

  get #shown() {
    return !this.#box.classList.contains("hidden");
  }

  #hideLater() {
    clearTimeout(this.#timer);
    const read = this.#box.matches(":hover, :focus-within");
    if (this.#shown && !read) this.#timer = setTimeout(() => this.hide(), SHOWN);
  }
}
