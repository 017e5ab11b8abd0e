// Which conversations the list shows: all, the unread ones, the archived ones, or what a search has found; page by page.

const PAGE = 30;
const DELAY = 200; // milliseconds after a key until it is searched
const EMPTY = {
  all: "No conversation yet. Begin one with “New”.",
  unread: "Nothing is unread.",
  archived: "Nothing is archived.",
};

export class Listing {
  #app;
  #onChange;
  #field;
  #filters;
  #filter = "all";
  #found = null; // ids that a search has found
  #wereUnread = new Set(); // ids, since this filter was chosen
  #hasMore = false;
  #last = null; // the id of the last conversation that was loaded: the next page begins behind it
  #isLoading = false;
  #problem = "";
  #asked = 0;
  #timer = null;

  /**
   * @param {HTMLElement} root with `.conversation-search` and `.conversation-filter`
   * @param {object} app as in conversation_window.js
   * @param {() => void} onChange something else is to be shown
   */
  constructor(root, app, onChange) {
    this.#app = app;
    this.#onChange = onChange;
    this.#field = root.querySelector(".conversation-search");
    this.#filters = root.querySelector(".conversation-filter");
    this.#field.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.load(), DELAY);
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#field.value) {
        event.preventDefault();
        this.#field.value = "";
        this.load();
      } else if (event.key === "ArrowDown") {
        event.preventDefault();
        root.querySelector(".conversations a")?.focus();
      }
    });
    this.#filters.addEventListener("click", ({ target }) => target.dataset.filter && this.#choose(target.dataset.filter));
  }

  /** The conversations that are shown, in order. */
  get shown() {
    const all = this.#app.store.conversations.filter(({ takes_part: takesPart }) => takesPart !== false);
    if (this.#found) return all.filter(({ id }) => this.#found.has(id));
    if (this.#filter === "archived") return all.filter(({ archived }) => archived);
    return all.filter((one) => !one.archived && (this.#filter !== "unread" || this.#isUnread(one)) && (one.last_message || one.kind !== "direct"));
  }

  get hasMore() {
    return this.#hasMore;
  }

  get emptyText() {
    if (this.#problem) return this.#problem;
    if (this.#isLoading) return "Loading…";
    return this.#field.value.trim() ? "No conversation is called that." : EMPTY[this.#filter];
  }

  /** The first page, anew. `isReset`: nothing that is known is certain any longer. Returns whether that worked. */
  async load({ isReset = false } = {}) {
    const number = ++this.#asked;
    this.#isLoading = true;
    this.#problem = "";
    try {
      const answer = await this.#ask(null);
      if (number !== this.#asked) return true;
      if (isReset) this.#app.store.clearConversations(this.#app.openId());
      this.#app.store.putConversations(answer.conversations);
      this.#found = this.#field.value.trim() ? new Set(answer.conversations.map(({ id }) => id)) : null;
      this.#reached(answer);
      return true;
    } catch (error) {
      if (number === this.#asked) this.#problem = error.message;
      return Boolean(error.isFinal);
    } finally {
      if (number === this.#asked) this.#isLoading = false;
      this.#onChange();
    }
  }

  async loadMore() {
    if (this.#isLoading || !this.#hasMore) return;
    const number = this.#asked;
    this.#isLoading = true;
    try {
      const answer = await this.#ask(this.#last);
      if (number !== this.#asked) return;
      this.#app.store.putConversations(answer.conversations);
      if (this.#found) for (const { id } of answer.conversations) this.#found.add(id);
      this.#reached(answer);
    } catch (error) {
      this.#app.say(error.message);
    } finally {
      if (number === this.#asked) this.#isLoading = false;
      this.#onChange();
    }
  }

  /** One that is read while it is open stays until one goes to another. */
  #isUnread({ id, unread }) {
    if (unread > 0) this.#wereUnread.add(id);
    return unread > 0 || (this.#wereUnread.has(id) && id === this.#app.openId());
  }

  #ask(before) {
    const narrowed = this.#filter === "all" ? {} : { [this.#filter]: "true" };
    return this.#app.api.get("conversations/", { q: this.#field.value.trim(), ...narrowed, before, limit: PAGE });
  }

  #reached({ conversations, has_more: hasMore }) {
    this.#last = conversations.at(-1)?.id ?? this.#last;
    this.#hasMore = hasMore && conversations.length > 0;
  }

  #choose(filter) {
    this.#filter = filter;
    for (const button of this.#filters.querySelectorAll("[data-filter]")) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    }
    this.#found = null;
    this.#wereUnread.clear();
    this.load();
  }
}
