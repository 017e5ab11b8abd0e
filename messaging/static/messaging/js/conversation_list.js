// The list of conversations: who, the last message, when, how many are unread. With the arrow keys one goes from one to the
// next.

import { conversationAvatar } from "./avatar.js";
import { element, icon } from "./dom.js";
import { plainText } from "./message_view.js";
import { titleOf } from "./window_head.js";

export class ConversationList {
  #list;
  #empty;
  #more;
  #app;
  #options;
  #elements = new Map(); // by conversation id: {element, signature}

  /**
   * @param {HTMLElement} root with `.conversations`, `.conversations-empty` and `.conversations-more`
   * @param {object} app as in conversation_window.js
   * @param {{shown: () => object[], current: () => number | null, hasMore: () => boolean, emptyText: () => string,
   *   onOpen: (id: number) => void, onMore: () => void}} options
   */
  constructor(root, app, options) {
    this.#list = root.querySelector(".conversations");
    this.#empty = root.querySelector(".conversations-empty");
    this.#more = root.querySelector(".conversations-more");
    this.#app = app;
    this.#options = options;
    this.#list.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-id]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      options.onOpen(Number(link.dataset.id));
    });
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    this.#more.addEventListener("click", () => options.onMore());
    new IntersectionObserver(([entry]) => entry.isIntersecting && !this.#more.hidden && options.onMore()).observe(this.#more);
  }

  render() {
    const { shown, current, hasMore, emptyText } = this.#options;
    const conversations = shown();
    const open = current();
    const wanted = new Set(conversations.map(({ id }) => id));
    for (const [id, { element: made }] of this.#elements) {
      if (wanted.has(id)) continue;
      made.remove();
      this.#elements.delete(id);
    }
    const focused = document.activeElement?.closest(".conversations a")?.dataset.id;
    let before = null;
    for (const conversation of conversations) {
      const made = this.#made(conversation, conversation.id === open);
      const next = before ? before.nextSibling : this.#list.firstChild;
      if (made !== next) this.#list.insertBefore(made, next);
      before = made;
    }
    if (focused && document.activeElement?.dataset?.id !== focused) this.#list.querySelector(`a[data-id="${focused}"]`)?.focus();
    this.#empty.hidden = conversations.length > 0;
    this.#empty.textContent = emptyText();
    this.#more.hidden = !hasMore();
  }

  focusFirst() {
    (this.#list.querySelector('a[aria-current="true"]') ?? this.#list.querySelector("a"))?.focus();
  }

  #made(conversation, isCurrent) {
    const { store, typists, kept, dates, me } = this.#app;
    const person = conversation.other ? store.person(conversation.other.id) : null;
    const last = conversation.last_message;
    const shown = {
      title: titleOf(conversation, me),
      typing: typists.text(conversation.id),
      draft: isCurrent ? "" : (kept.draft(`c${conversation.id}`)?.text ?? "").slice(0, 100),
      when: last ? dates.brief(last.sent_at, Date.now()) : "",
      isOnline: Boolean(person?.is_online),
    };
    const signature = JSON.stringify([conversation, shown, isCurrent]);
    const known = this.#elements.get(conversation.id);
    if (known?.signature === signature) return known.element;
    const made = this.#element(conversation, { ...shown, person, isCurrent });
    known?.element.replaceWith(made);
    this.#elements.set(conversation.id, { element: made, signature });
    return made;
  }

  #element(conversation, { title, typing, draft, when, person, isOnline, isCurrent }) {
    const { id, unread, muted, last_message: last } = conversation;
    const isNew = unread > 0;
    const preview = element("span", { class: "conversation-preview", data: { typing: String(Boolean(typing)) } });
    if (typing) preview.append(typing);
    else if (draft) preview.append(element("span", { class: "draft-word", text: "Draft: " }), draft);
    else preview.append(this.#preview(conversation, last));
    const link = element("a", {
      class: "conversation", href: `${this.#app.pageUrl}${id}/`, data: { id, unread: String(isNew) },
      "aria-current": isCurrent ? "true" : null,
    },
      conversationAvatar(conversation, person),
      element("span", { class: "conversation-texts" },
        element("span", { class: "conversation-line" },
          element("span", { class: "conversation-title", text: title }),
          isOnline ? element("span", { class: "visually-hidden", text: " (online)" }) : null,
          last ? element("time", { dateTime: last.sent_at, text: when }) : null),
        element("span", { class: "conversation-line" }, preview, this.#signs({ unread, muted }))));
    return element("li", {}, link);
  }

  #signs({ unread, muted }) {
    return element("span", { class: "conversation-signs" },
      muted ? element("span", { class: "muted-sign", title: "Muted" }, icon("bell-off"), element("span", { class: "visually-hidden", text: "Muted" })) : null,
      unread ? element("span", { class: "unread-count", data: { muted: String(Boolean(muted)) } },
        unread > 99 ? "99+" : String(unread), element("span", { class: "visually-hidden", text: " unread" })) : null);
  }

  #preview({ kind }, last) {
    if (!last) return "No message yet";
    const isOwn = String(last.sender_id) === String(this.#app.me);
    const who = isOwn ? "You: " : kind === "direct" ? "" : `${(last.sender_name ?? "").split(" ")[0]}: `;
    return `${who}${plainText(last)}`;
  }

  #onKey(event) {
    const links = [...this.#list.querySelectorAll("a[data-id]")];
    const at = links.indexOf(document.activeElement);
    const next = { ArrowDown: links[at + 1], ArrowUp: links[at - 1], Home: links[0], End: links.at(-1) }[event.key];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }
}
