// What the user is doing on the page: which parts of it must not change under the pointer, the finger, or the keyboard.

const SETTLE = 700; // milliseconds without movement until the pointer has arrived where it was going
const AFTER_TOUCH = 5000; // milliseconds for which a region that was touched is in use
const IDLE = 60000; // milliseconds without any input after which a pointer or a focus that rests somewhere says nothing
const FIELDS = "input, select, textarea, [contenteditable]";
const CONTROLS = "a[href], button, summary, label, input, select, textarea";

/** Whether the user has selected something in this element, or around it. */
export function isSelected(element) {
  const selection = document.getSelection();
  return Boolean(selection) && !selection.isCollapsed && selection.containsNode(element, true);
}

export class Attention {
  #movedAt = -Infinity; // of the pointer, and of the page under it
  #inputAt = performance.now();
  #pointerType = matchMedia("(hover: hover) and (pointer: fine)").matches ? "mouse" : "touch";
  #touch = null; // the last touch: {target, at}; `at` is Infinity while it lasts
  #hovered = null;

  constructor() {
    const listen = (type, listener) => document.addEventListener(type, listener, { capture: true, passive: true });
    listen("pointermove", (event) => this.#moved(event));
    listen("pointerdown", (event) => this.#pressed(event, Infinity));
    for (const type of ["pointerup", "pointercancel"]) listen(type, (event) => this.#pressed(event, performance.now()));
    listen("scroll", () => this.#noteMove());
    listen("keydown", () => this.#noteInput());
    document.documentElement.addEventListener("pointerleave", () => {
      this.#movedAt = -Infinity;
      this.#hovered = null;
    });
  }

  /**
   * Whether this region must stay as it is: the user is at work in it, or it would move what the user is at work on, or the
   * pointer is on its way, nobody knows where.
   */
  holds(region) {
    return this.isBound(region) || this.#isMoving() || this.#placesInUse().some((place) => isMovedBy(place, region));
  }

  /** Whether something of the user's would be lost: a selection, something typed or focused, an open menu or dialog. */
  isBound(region) {
    const active = document.activeElement;
    const isTyping = region !== active && region.contains(active) && active.matches(FIELDS);
    return isTyping || isSelected(region) || region.querySelector("details[open], dialog[open]") !== null;
  }

  #isMoving() {
    return this.#touch?.at === Infinity || performance.now() - this.#movedAt < SETTLE;
  }

  /** What the pointer, the finger and the focus are on. */
  #placesInUse() {
    const now = performance.now();
    const places = [];
    if (this.#touch && now - this.#touch.at < AFTER_TOUCH) places.push(this.#touch.target);
    // What is below the content (the feedback form) is kept in view by the browser when the content changes its height.
    const active = document.activeElement?.closest("main *");
    const isIdle = now - this.#inputAt > IDLE;
    if (active?.matches(FIELDS) || (!isIdle && active?.matches(":focus-visible"))) places.push(active);
    if (!isIdle && this.#pointerType !== "touch") places.push(...this.#hoveredPlaces());
    return places;
  }

  #hoveredPlaces() {
    const region = [...document.querySelectorAll("[data-region]:hover")].at(-1);
    const control = this.#hovered?.closest?.(CONTROLS);
    return [region, control?.matches(":hover") ? control : null].filter(Boolean);
  }

  #moved({ pointerType, target }) {
    this.#pointerType = pointerType;
    this.#hovered = target;
    if (pointerType === "touch") this.#noteInput();
    else this.#noteMove();
  }

  #pressed({ pointerType, target }, at) {
    this.#pointerType = pointerType;
    this.#noteInput();
    if (pointerType === "touch") this.#touch = { target, at };
  }

  #noteMove() {
    this.#movedAt = performance.now();
    this.#noteInput();
  }

  #noteInput() {
    this.#inputAt = performance.now();
  }
}

/** Whether a place in use is in this region, or below it in the same column. */
function isMovedBy(place, region) {
  if (region.contains(place) || place.contains(region)) return true;
  if (!(region.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING)) return false;
  const [above, below] = [region.getBoundingClientRect(), place.getBoundingClientRect()];
  return above.left < below.right && below.left < above.right && above.top < below.bottom;
}
