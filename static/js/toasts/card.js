// One toast: shows a message for a while, but not while it has the pointer or the focus. Its message does not change.

export class Card {
  #box;
  #message;
  #timer = null;
  #duration = 0;
  #onGone;
  #cameFrom = null; // the element that had the focus before

  /**
   * @param {{box: HTMLElement, message: HTMLElement, close: HTMLElement}} parts
   * @param {() => void} onGone called when it has disappeared
   */
  constructor({ box, message, close }, onGone) {
    this.#box = box;
    this.#message = message;
    this.#onGone = onGone;
    close.addEventListener("click", () => this.hide());
    for (const type of ["pointerenter", "focusin"]) box.addEventListener(type, () => clearTimeout(this.#timer));
    box.addEventListener("focusin", ({ relatedTarget }) => {
      if (!box.contains(relatedTarget)) this.#cameFrom = relatedTarget;
    });
    // :hover and :focus-within are only up to date after the event, hence the timeout.
    for (const type of ["pointerleave", "focusout"]) box.addEventListener(type, () => setTimeout(() => this.#scheduleHide()));
  }

  get isShown() {
    return !this.#box.matches(".hidden, .vacant");
  }

  /** Whether somebody reads or uses it. */
  get isInUse() {
    return this.#box.matches(":hover, :focus-within");
  }

  /** @param {string} message plain text: it is never interpreted as markup */
  show(message, duration) {
    this.#duration = duration;
    this.#message.textContent = message;
    this.#box.classList.remove("hidden", "vacant");
    this.#scheduleHide();
  }

  /** Disappear, but keep its room, so that what is shown beside it does not move, until `leave`. */
  vacate() {
    this.#box.classList.replace("hidden", "vacant");
  }

  leave() {
    this.#box.classList.replace("vacant", "hidden");
  }

  hide() {
    clearTimeout(this.#timer);
    if (!this.isShown) return;
    const hadFocus = this.#box.contains(document.activeElement);
    this.#box.classList.add("hidden");
    if (hadFocus && this.#cameFrom?.isConnected) this.#cameFrom.focus({ preventScroll: true });
    this.#onGone();
  }

  #scheduleHide() {
    clearTimeout(this.#timer);
    if (this.isShown && !this.isInUse) this.#timer = setTimeout(() => this.hide(), this.#duration);
  }
}
