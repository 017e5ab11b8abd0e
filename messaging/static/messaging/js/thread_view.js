// The messages of the conversation that is open: made anew only where something has changed, and what one reads stays where
// it is.

import { element, iconButton } from "./dom.js";
import { markOf } from "./marks.js";
import { MessageTools } from "./message_tools.js";
import { itemElement, messageElement, plainText } from "./message_view.js";
import { rowsOf } from "./rows.js";

const AT_END = 80; // pixels from the end within which the newest message counts as seen
const EARLY = 400; // pixels from the beginning at which older messages are asked for

export class ThreadView {
  #scroller;
  #log;
  #older;
  #down;
  #context;
  #onScroll;
  #tools;
  #elements = new Map(); // by key: {element, signature}
  #unseen = 0; // messages that came while the end was out of sight
  #watcher;

  /**
   * @param {HTMLElement} root with the elements `.thread-scroller`, `.thread-log` and `.thread-older`
   * @param {{context: () => object | null, rights: (id: number) => object | null, actions: object, onOlder: () => void,
   *   onScroll: () => void}} options `context`: what is to be shown ({conversation, messages, items, unreadAfter, hasOlder,
   *   me, dates, nameOf, parentOf}); `onOlder`: the beginning comes into sight; `onScroll`: something else is in sight
   */
  constructor(root, { context, rights, actions, onOlder, onScroll }) {
    this.#scroller = root.querySelector(".thread-scroller");
    this.#log = root.querySelector(".thread-log");
    this.#older = root.querySelector(".thread-older");
    this.#context = { get: context, actions };
    this.#onScroll = onScroll;
    this.#tools = new MessageTools(this.#log.parentElement, { rights, actions });
    this.#down = iconButton("down", "To the newest message", () => this.toEnd({ smooth: true }), { class: "icon-button thread-down", hidden: true });
    this.#scroller.after(this.#down);
    this.#older.addEventListener("click", onOlder);
    this.#watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && !this.#older.hidden && onOlder(), {
      root: this.#scroller, rootMargin: `${EARLY}px 0px 0px`,
    });
    this.#watcher.observe(this.#older);
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#wasAtEnd && this.toEnd()).observe(this.#scroller);
    this.#log.addEventListener("load", () => this.#wasAtEnd && this.toEnd(), true); // a picture has got its height
  }

  #wasAtEnd = true;

  /** Whether the newest message is in sight. */
  get isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < AT_END;
  }

  /** Another conversation is shown: nothing of the last one stays. */
  reset() {
    this.#tools.hide();
    this.#elements.clear();
    this.#log.replaceChildren();
    this.#unseen = 0;
    this.#wasAtEnd = true;
    this.#down.hidden = true;
  }

  /** Show what the context says. `isNew`: a message of somebody else has come. */
  render({ isNew = false } = {}) {
    const context = this.#context.get();
    if (!context) {
      this.reset();
      return;
    }
    const stay = this.isAtEnd ? null : this.#anchor();
    const wasEmpty = !this.#elements.size;
    this.#older.hidden = !context.hasOlder;
    this.#log.classList.toggle("is-shared", context.conversation.kind !== "direct");
    this.#place(rowsOf(context.messages, { ...context, dayKey: context.dates.dayKey }), context);
    if (stay) this.#hold(stay);
    else if (wasEmpty) this.#toUnread();
    else this.toEnd();
    if (isNew && !this.isAtEnd) this.#unseen += 1;
    this.#scrolled();
  }

  toEnd({ smooth = false } = {}) {
    const calm = !smooth || matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: calm ? "instant" : "smooth" });
    this.#scrolled();
  }

  /** Bring a message into sight and say which it is. Returns whether it is here. */
  jump(id) {
    const target = this.#log.querySelector(`[data-id="${Number(id)}"]`);
    if (!target) return false;
    target.scrollIntoView({ block: "center", behavior: "instant" });
    target.focus({ preventScroll: true });
    target.classList.add("is-found");
    setTimeout(() => target.classList.remove("is-found"), 2000);
    return true;
  }

  #place(rows, context) {
    const wanted = new Map(rows.map((row) => [row.key, row]));
    for (const [key, { element: made }] of this.#elements) {
      if (wanted.has(key)) continue;
      made.remove();
      this.#elements.delete(key);
    }
    let before = null;
    for (const row of rows) {
      const made = this.#made(row, context);
      const next = before ? before.nextSibling : this.#log.firstChild;
      if (made !== next) this.#log.insertBefore(made, next);
      before = made;
    }
  }

  #made(row, context) {
    const signature = signatureOf(row, context);
    const known = this.#elements.get(row.key);
    if (known?.signature === signature) return known.element;
    const made = elementOf(row, { ...context, actions: this.#context.actions });
    if (known) this.#tools.replace(known.element, made);
    this.#elements.set(row.key, { element: made, signature });
    return made;
  }

  /** The first message in sight, and where it is. */
  #anchor() {
    const { top } = this.#scroller.getBoundingClientRect();
    const first = [...this.#log.children].find((child) => child.getBoundingClientRect().bottom > top && child.dataset.id);
    return first ? { id: first.dataset.id, top: first.getBoundingClientRect().top } : null;
  }

  #hold({ id, top }) {
    const same = this.#log.querySelector(`[data-id="${id}"]`);
    if (same) this.#scroller.scrollTop += same.getBoundingClientRect().top - top;
  }

  /** A conversation is opened at what is new, else at its end. */
  #toUnread() {
    const line = this.#log.querySelector(".unread-line");
    if (line) this.#scroller.scrollTop += line.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top - 24;
    else this.toEnd();
  }

  #scrolled() {
    this.#wasAtEnd = this.isAtEnd;
    if (this.#wasAtEnd) this.#unseen = 0;
    this.#down.hidden = this.#wasAtEnd;
    const label = this.#unseen ? `${this.#unseen} new ${this.#unseen === 1 ? "message" : "messages"} below` : "To the newest message";
    this.#down.setAttribute("aria-label", label);
    this.#down.title = label;
    this.#down.dataset.count = this.#unseen || "";
    this.#onScroll();
  }
}

function signatureOf(row, context) {
  if (row.kind === "day") return context.dates.dayHeading(row.at, Date.now());
  if (row.kind === "unread") return "unread";
  const parentId = row.message?.parent_id ?? row.item?.parentId;
  const isOwn = String(row.message?.sender_id) === String(context.me);
  const mark = isOwn ? markOf(row.message, context.conversation) : null;
  const parent = parentId ? context.parentOf(parentId) : null;
  return JSON.stringify([row, mark, parent && [parent.sender_name, plainText(parent)]]);
}

function elementOf(row, context) {
  if (row.kind === "day") {
    const text = context.dates.dayHeading(row.at, Date.now());
    return element("li", { class: "day-line" }, element("h3", { text }));
  }
  if (row.kind === "unread") return element("li", { class: "unread-line" }, element("span", { text: "New messages" }));
  const parent = context.parentOf(row.message?.parent_id ?? row.item?.parentId);
  return row.kind === "item" ? itemElement(row, { ...context, parent }) : messageElement(row, { ...context, parent });
}
