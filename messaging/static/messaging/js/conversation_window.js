// The conversation that is open: its head, its messages, and where one writes. On the page of messages, and on any page that
// has a conversation of its own.

import { Answered } from "./answered.js";
import { newClientId } from "./client_id.js";
import { Composer } from "./composer.js";
import { ReadMarker } from "./read_marker.js";
import { rightsOf } from "./rights.js";
import { ThreadView } from "./thread_view.js";
import { TypingTeller } from "./typing.js";
import { WindowHead } from "./window_head.js";

const PAGE = 40; // messages that are loaded at once
const MOST_PAGES = 15; // that are loaded to find one message

export class ConversationWindow {
  #root;
  #app;
  #open = null; // {id, key, receiver, unreadAfter, isLoadingOlder}
  #head;
  #thread;
  #composer;
  #typing;
  #marker;
  #answered;

  /**
   * @param {HTMLElement} root made from templates/messaging/window.html
   * @param {object} app what the parts of the page share: {api, store, outbox, kept, typists, dates, me, say, confirm,
   *   speak, maxBytes, onBack, onCreated, loadConversation}
   */
  constructor(root, app) {
    this.#root = root;
    this.#app = app;
    const { api, kept, maxBytes, say, speak } = app;
    this.#head = new WindowHead(root, app);
    this.#thread = new ThreadView(root, {
      context: () => this.#context(),
      rights: (id) => this.#rightsOf(id),
      actions: this.#actions(),
      onOlder: () => this.#loadOlder(),
      onScroll: () => this.#marker?.look(),
    });
    this.#typing = new TypingTeller((id, isTyping) => {
      api.post(`conversations/${id}/typing/`, { is_typing: isTyping }).catch(() => {}); // the next key says it again
    });
    this.#composer = new Composer(root, {
      api, kept, maxBytes, say, speak,
      onSend: (message) => this.#send(message),
      onEdit: (message, text) => this.#correct(message, text),
      onTyping: () => this.#open?.id && this.#typing.typed(this.#open.id),
      onStop: () => this.#typing.stop(),
      onUp: (event) => this.#editLast(event),
    });
    this.#answered = new Answered({
      read: (id) => api.get(`messages/${id}/`), shown: () => this.#answeredIds(), onRead: () => this.update(),
    });
    this.#marker = new ReadMarker({
      post: async (conversationId, messageId) => {
        await api.post(`conversations/${conversationId}/read/`, { up_to: messageId });
        app.store.markRead(conversationId, app.store.thread(conversationId).get(messageId)?.seq ?? 0);
      },
      target: () => this.#unreadInSight(),
    });
    for (const [target, type] of [[document, "visibilitychange"], [window, "focus"]]) target.addEventListener(type, () => this.#marker.look());
    root.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && this.#composer.cancel());
  }

  /** The id of the conversation that is open; null for none, or for one that begins with its first message. */
  get conversationId() {
    return this.#open?.id ?? null;
  }

  get key() {
    return this.#open?.key ?? null;
  }

  /** Whether the person looks at the newest message of this conversation. */
  isReading(id) {
    return this.#open?.id === id && !document.hidden && document.hasFocus() && this.#root.offsetParent !== null && this.#thread.isAtEnd;
  }

  /** Open a conversation, or one that does not exist yet, with a person (`receiver`). */
  async open({ id = null, receiver = null }) {
    this.#typing.stop();
    const conversation = this.#app.store.conversation(id);
    this.#open = { id, receiver, key: id ? `c${id}` : `p${receiver.id}`, unreadAfter: conversation?.unread ? conversation.read_seq : null };
    this.#root.hidden = false;
    this.#thread.reset();
    this.#head.show(this.#shown);
    this.#composer.open(this.#open.key, { isDisabled: this.#shown.may_write === false });
    this.refresh(id);
    this.#thread.render();
    if (id) await this.#load(this.#open);
  }

  close() {
    this.#composer.save();
    this.#typing.stop();
    this.#open = null;
    this.#root.hidden = true;
  }

  /** Something of the conversation that is open has changed. */
  update({ isNew = false } = {}) {
    if (!this.#open) return;
    this.#head.show(this.#shown);
    this.#thread.render({ isNew });
  }

  /** A conversation has been read anew, and perhaps one may no longer write in it. */
  refresh(id) {
    if (this.#open?.id !== id) return;
    const { may_write: mayWrite, takes_part: takesPart } = this.#shown;
    this.#root.querySelector(".composer").hidden = mayWrite === false;
    const closed = this.#root.querySelector(".composer-closed");
    closed.hidden = mayWrite !== false;
    closed.textContent = takesPart === false ? "You no longer take part in this conversation." : "You can read here, not write.";
  }

  /** Too much was missed: load it again. */
  async reload() {
    this.#answered.clear();
    if (this.#open?.id) await this.#load(this.#open, { isReset: true });
  }

  /** The first message of a new conversation has arrived: it has an id now. */
  becameReal(key, id) {
    if (this.#open?.key !== key) return;
    Object.assign(this.#open, { id, receiver: null, key: `c${id}` });
    this.#composer.rename(this.#open.key);
    this.#load(this.#open);
  }

  focus() {
    this.#root.querySelector("textarea").focus();
  }

  get #shown() {
    const { id, receiver } = this.#open;
    return this.#app.store.conversation(id) ?? { id, kind: "direct", title: receiver?.name ?? "", other: receiver, may_write: id ? undefined : true };
  }

  #context() {
    if (!this.#open) return null;
    const { store, outbox, dates, me } = this.#app;
    const thread = this.#open.id ? store.thread(this.#open.id) : null;
    return {
      conversation: this.#shown, messages: thread?.messages ?? [], hasOlder: Boolean(thread?.isLoaded && thread.hasOlder),
      items: outbox.of(this.#open.key), unreadAfter: this.#open.unreadAfter, me, dates,
      nameOf: (person) => this.#nameOf(person), parentOf: (id) => this.#parentOf(id),
    };
  }

  #nameOf(person) {
    if (String(person) === String(this.#app.me)) return "You";
    return this.#app.store.person(person)?.name ?? this.#shown.readers?.find(({ id }) => String(id) === String(person))?.name ?? "Somebody";
  }

  #parentOf(id) {
    if (!id) return null;
    return this.#app.store.thread(this.#open.id).get(id) ?? this.#answered.get(id);
  }

  #answeredIds() {
    const { store, outbox } = this.#app;
    const { id, key } = this.#open ?? {};
    const ofMessages = id ? store.thread(id).messages.map(({ parent_id: parentId }) => parentId) : [];
    return [...ofMessages, ...outbox.of(key).map(({ parentId }) => parentId)];
  }

  /** `isReset`: what is known of the conversation is not certain any longer. */
  async #load(open, { isReset = false } = {}) {
    const { api, store, say, loadConversation } = this.#app;
    this.#root.dataset.loading = "true";
    try {
      const known = store.conversation(open.id);
      // The list does not tell how far the others have read.
      const isWhole = known && (known.kind === "direct" || known.readers !== undefined);
      if (isReset || !isWhole) await loadConversation(open.id);
      await store.load(open.id, () => api.get(`conversations/${open.id}/messages/`, { limit: PAGE }));
    } catch (error) {
      if (this.#open === open) say(error.message);
      return;
    } finally {
      delete this.#root.dataset.loading;
    }
    if (this.#open !== open) return; // another one was opened meanwhile
    const conversation = store.conversation(open.id);
    if (open.unreadAfter === null && conversation?.unread) open.unreadAfter = conversation.read_seq;
    this.refresh(open.id);
    this.update();
    this.#marker.look();
  }

  async #loadOlder() {
    const open = this.#open;
    const id = open?.id;
    const thread = id && this.#app.store.thread(id);
    if (!thread?.isLoaded || !thread.hasOlder || open.isLoadingOlder) return false;
    open.isLoadingOlder = true;
    try {
      const before = thread.oldestId;
      const { messages, has_more: hasMore } = await this.#app.api.get(`conversations/${id}/messages/`, { before, limit: PAGE });
      if (thread.oldestId !== before) return true;
      thread.prepend(messages, hasMore);
      if (this.#open?.id === id) this.#thread.render();
      return true;
    } catch (error) {
      this.#app.say(error.message);
      return false;
    } finally {
      open.isLoadingOlder = false;
    }
  }

  #actions() {
    const { api, outbox, confirm } = this.#app;
    return {
      jump: (id) => this.#jump(id),
      reply: (id) => this.#composer.reply(this.#message(id)),
      edit: (id) => this.#composer.edit(this.#message(id)),
      react: (id, emoji, isAdded = true) => this.#react(id, emoji, isAdded),
      remove: async (id) => {
        if (await confirm("Delete this message?", "Nobody can read it any longer. That it was there remains visible.", "Delete")) {
          await this.#change(() => api.delete(`messages/${id}/`));
        }
      },
      retry: (clientId) => outbox.retry(clientId),
      discard: (clientId) => outbox.discard(clientId),
      takeBack: (clientId) => {
        const item = outbox.discard(clientId);
        if (item) this.#composer.put({ ...item, parent: item.parentId ? this.#parentOf(item.parentId) ?? unknown(item.parentId) : null });
      },
    };
  }

  #message(id) {
    return this.#app.store.thread(this.#open.id).get(id);
  }

  #rightsOf(id) {
    return this.#open?.id ? rightsOf(this.#message(id), this.#shown, this.#app.me) : null;
  }

  #editLast(event) {
    const own = this.#app.store.thread(this.#open.id).messages.findLast(({ id, sender_id: sender }) =>
      String(sender) === String(this.#app.me) && this.#rightsOf(id)?.mayEdit);
    if (!own) return;
    event.preventDefault();
    this.#composer.edit(own);
  }

  async #react(id, emoji, isAdded) {
    const has = this.#message(id)?.reactions?.[emoji]?.some((person) => String(person) === String(this.#app.me));
    const path = `messages/${id}/reactions/${encodeURIComponent(emoji)}/`;
    await this.#change(() => (isAdded && !has ? this.#app.api.put(path) : this.#app.api.delete(path)));
  }

  /** A correction that has failed is offered again, as long as its conversation is open. */
  async #correct(message, text) {
    const open = this.#open;
    const isDone = await this.#change(() => this.#app.api.patch(`messages/${message.id}/`, { text }));
    if (!isDone && this.#open === open) this.#composer.edit(message, text);
  }

  /** Change a message on the server, and show it as it is then. Returns whether that worked. */
  async #change(request) {
    try {
      this.#app.store.putMessage(await request());
      return true;
    } catch (error) {
      this.#app.say(error.message);
      return false;
    }
  }

  #send({ text, parentId, attachments }) {
    this.#typing.stop({ isSent: true });
    this.#open.unreadAfter = null;
    const { id, receiver, key } = this.#open;
    this.#app.outbox.add({
      clientId: newClientId(), key, conversationId: id, receiverId: id ? null : receiver.id, text, parentId, attachments, at: Date.now(),
    });
    this.#thread.toEnd();
  }

  async #jump(id) {
    const open = this.#open;
    for (let page = 0; page < MOST_PAGES && this.#open === open && !this.#thread.jump(id); page += 1) {
      const { oldestId } = this.#app.store.thread(open.id);
      if (oldestId === null || oldestId <= id || !(await this.#loadOlder())) {
        if (this.#open !== open) return;
        this.#app.say("That message cannot be shown.");
        return;
      }
    }
  }

  #unreadInSight() {
    const id = this.#open?.id;
    if (!id || !this.isReading(id)) return null;
    const thread = this.#app.store.thread(id);
    if (!thread.isLoaded) return null;
    const newest = thread.messages.findLast(({ sender_id: sender }) => String(sender) !== String(this.#app.me));
    const conversation = this.#app.store.conversation(id);
    const isUnread = newest && (conversation?.unread > 0 || (newest.seq > (conversation?.read_seq ?? 0) && !newest.read_at));
    return isUnread ? { conversationId: id, messageId: newest.id } : null;
  }
}

/** A message that is answered and not here: the answer to it stays one. */
function unknown(id) {
  return { id, sender_name: "somebody", text: "An earlier message" };
}
