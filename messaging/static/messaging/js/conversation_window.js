// The conversation that is open: its head, its messages, and where one writes. On the page of messages, and on any page that
// has a conversation of its own.

import { Answered } from "./answered.js";
import { newClientId } from "./client_id.js";
import { Composer } from "./composer.js";
import { EncryptionLine } from "./encryption_line.js";
import { MessageActions } from "./message_actions.js";
import { ReadMarker } from "./read_marker.js";
import { ThreadHistory } from "./thread_history.js";
import { ThreadView } from "./thread_view.js";
import { TypingTeller } from "./typing.js";
import { WindowHead } from "./window_head.js";

export class ConversationWindow {
  #root;
  #app;
  #open = null; // {id, key, receiver, unreadAfter}
  #head;
  #line;
  #history;
  #actions;
  #thread;
  #composer;
  #typing;
  #marker;
  #answered;

  /**
   * @param {HTMLElement} root made from templates/messaging/window.html
   * @param {object} app what the parts of the page share: {api, store, outbox, kept, encryption, typists, dates, me, say,
   *   confirm, speak, maxBytes, onBack, loadConversation, showPeople, showEncryption}
   */
  constructor(root, app) {
    this.#root = root;
    this.#app = app;
    const { api, kept, maxBytes, say, speak } = app;
    this.#head = new WindowHead(root, app);
    this.#line = new EncryptionLine(root, app);
    this.#history = new ThreadHistory(app, (id) => this.#open?.id === id && this.#thread.render());
    this.#typing = new TypingTeller((id, isTyping) => {
      api.post(`conversations/${id}/typing/`, { is_typing: isTyping }).catch(() => {}); // the next key says it again
    });
    this.#composer = new Composer(root, {
      api, kept, maxBytes, say, speak,
      onSend: (message) => this.#send(message),
      onEdit: (message, text) => this.#actions.correct(message, text),
      onTyping: () => this.#open?.id && this.#typing.typed(this.#open.id),
      onStop: () => this.#typing.stop(),
      onUp: (event) => this.#open?.id && this.#actions.editLast(event),
    });
    this.#actions = new MessageActions(app, {
      composer: this.#composer, open: () => this.#open, conversation: () => this.#shown,
      parentOf: (id) => this.#parentOf(id), jump: (id) => this.#jump(id),
    });
    this.#thread = new ThreadView(root, {
      context: () => this.#context(),
      rights: (id) => this.#actions.rightsOf(id),
      actions: this.#actions.listeners,
      onOlder: () => this.#history.loadOlder(this.#open?.id),
      onScroll: () => this.#marker?.look(),
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
    this.#showEncryption();
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
    this.#showEncryption();
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

  /** Too much was missed: load it again. What one is typing stays. Returns whether that worked, or never will. */
  async reload() {
    this.#answered.clear();
    return this.#open?.id ? this.#load(this.#open, { isReset: true }) : true;
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

  #showEncryption() {
    const { store } = this.#app;
    const messages = this.#open.id ? store.thread(this.#open.id).messages : [];
    this.#composer.setEncrypted(this.#line.show(this.#shown, messages));
  }

  get #shown() {
    const { id, receiver } = this.#open;
    return this.#app.store.conversation(id) ?? { id, kind: "direct", title: receiver?.name ?? "", other: receiver, may_write: id ? undefined : true };
  }

  #context() {
    if (!this.#open) return null;
    const { store, outbox, encryption, dates, me } = this.#app;
    const thread = this.#open.id ? store.thread(this.#open.id) : null;
    return {
      conversation: this.#shown, messages: (thread?.messages ?? []).map((message) => encryption.shown(message)),
      hasOlder: Boolean(thread?.isLoaded && thread.hasOlder),
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
    const { store, encryption } = this.#app;
    return encryption.shown(store.thread(this.#open.id).get(id) ?? this.#answered.get(id));
  }

  #answeredIds() {
    const { store, outbox } = this.#app;
    const { id, key } = this.#open ?? {};
    const ofMessages = id ? store.thread(id).messages.map(({ parent_id: parentId }) => parentId) : [];
    return [...ofMessages, ...outbox.of(key).map(({ parentId }) => parentId)];
  }

  async #load(open, options) {
    const { store, say } = this.#app;
    this.#root.dataset.loading = "true";
    try {
      await this.#history.load(open.id, options);
    } catch (error) {
      if (this.#open === open) say(error.message);
      return Boolean(error.isFinal);
    } finally {
      delete this.#root.dataset.loading;
    }
    if (this.#open !== open) return true; // another one was opened meanwhile
    const conversation = store.conversation(open.id);
    if (open.unreadAfter === null && conversation?.unread) open.unreadAfter = conversation.read_seq;
    this.refresh(open.id);
    this.update();
    this.#marker.look();
    return true;
  }

  #send({ text, parentId, attachments }) {
    this.#typing.stop({ isSent: true });
    this.#open.unreadAfter = null;
    const { id, receiver, key } = this.#open;
    const isEncrypted = this.#app.encryption.isOn(id);
    this.#app.outbox.add({
      isEncrypted, clientId: newClientId(), key, conversationId: id, receiverId: id ? null : receiver.id, text, parentId, attachments, at: Date.now(),
    });
    this.#thread.toEnd();
  }

  async #jump(id) {
    const open = this.#open;
    const isOver = () => this.#open !== open;
    const isFound = await this.#history.find(open.id, id, () => isOver() || this.#thread.jump(id));
    if (!isFound && !isOver()) this.#app.say("That message cannot be shown.");
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
