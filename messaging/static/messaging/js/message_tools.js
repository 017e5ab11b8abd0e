// What one may do with a message: react, answer, edit, delete. One bar, at the message that has the pointer or the focus.

import { element, iconButton } from "./dom.js";

/** Offered at once; what others have used can be used too, by clicking it. */
export const QUICK_REACTIONS = ["👍", "❤️", "😂", "🎉", "😮", "🙏"];

export class MessageTools {
  #log;
  #rights;
  #actions;
  #bar;
  #at = null;

  /**
   * @param {HTMLElement} log the list of messages
   * @param {{rights: (id: number) => {mayReact: boolean, mayReply: boolean, mayEdit: boolean, mayDelete: boolean} | null,
   *   actions: object}} options
   */
  constructor(log, { rights, actions }) {
    this.#log = log;
    this.#rights = rights;
    this.#actions = actions;
    this.#bar = element("div", { class: "message-tools", role: "toolbar", "aria-label": "Actions for this message" });
    const messageOf = ({ target }) => target.closest?.(".chat-message[data-id]");
    log.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse" && !this.#bar.contains(document.activeElement)) this.#show(messageOf(event));
    });
    log.addEventListener("pointerleave", () => this.#bar.contains(document.activeElement) || this.hide());
    log.addEventListener("focusin", (event) => this.#show(messageOf(event)));
    log.addEventListener("click", (event) => {
      const isControl = event.target.closest("a, button");
      const selection = document.getSelection();
      if (!isControl && (!selection || selection.isCollapsed)) messageOf(event)?.focus({ preventScroll: true });
    });
    log.addEventListener("focusout", ({ relatedTarget }) => log.contains(relatedTarget) || this.hide());
    log.addEventListener("keydown", (event) => this.#onKey(event));
  }

  hide() {
    this.#at = null;
    this.#bar.remove();
  }

  /** A row was made anew: put it in the place of the old one. The bar and the focus move along. */
  replace(oldElement, newElement) {
    // Both are asked before: what leaves the document has no focus, and losing it hides the bar.
    const focused = oldElement.contains(document.activeElement) ? document.activeElement : null;
    const hasBar = oldElement.contains(this.#bar);
    oldElement.replaceWith(newElement);
    if (hasBar && this.#rights(Number(newElement.dataset.id))) {
      this.#at = newElement;
      newElement.querySelector(".message-body").append(this.#bar); // the same buttons: one may be pressed just now
    } else if (hasBar) this.hide();
    if (focused) (focused.isConnected ? focused : newElement).focus({ preventScroll: true });
  }

  #show(message) {
    if (!message || message === this.#at) return;
    const id = Number(message.dataset.id);
    const rights = this.#rights(id);
    if (!rights || !Object.values(rights).some(Boolean)) {
      this.hide();
      return;
    }
    this.#at = message;
    const { react, reply, edit, remove } = this.#actions;
    const reactions = QUICK_REACTIONS.map((emoji) => element("button", {
      type: "button", class: "quick-reaction", text: emoji, "aria-label": `React with ${emoji}`, on: { click: () => react(id, emoji) },
    }));
    this.#bar.replaceChildren(...[
      ...(rights.mayReact ? reactions : []),
      rights.mayReply && iconButton("reply", "Answer", () => reply(id)),
      rights.mayEdit && iconButton("pencil", "Edit", () => edit(id)),
      rights.mayDelete && iconButton("trash", "Delete", () => remove(id)),
    ].filter(Boolean));
    message.querySelector(".message-body").append(this.#bar);
  }

  /** Arrows go from message to message; within the bar from button to button. Escape leaves it. */
  #onKey(event) {
    const inBar = this.#bar.contains(document.activeElement);
    if (event.key === "Escape" && inBar) {
      this.#at?.focus();
      event.stopPropagation();
      return;
    }
    const step = inBar ? { ArrowLeft: -1, ArrowRight: 1 }[event.key] : { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const all = [...(inBar ? this.#bar.children : this.#log.querySelectorAll(".chat-message[data-id]"))];
    const at = all.indexOf(inBar ? document.activeElement : document.activeElement.closest(".chat-message"));
    let next = at < 0 ? null : all[at + (step ?? 0)];
    if (at >= 0 && event.key === "Home") next = all[0];
    if ((at >= 0 && event.key === "End") || (event.target === this.#log && event.key === "ArrowUp")) next = all.at(-1);
    if (!next || next === all[at]) return;
    event.preventDefault();
    next.focus();
  }
}
