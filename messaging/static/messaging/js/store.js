// What the page knows of conversations, messages and people, and how events change it. It asks the server nothing: what it
// cannot derive from an event is said to be out of date.

import { ThreadState } from "./thread_state.js";

const MOST_FRAMES = 1000; // that are kept while a history is on its way

const IN_HISTORY = new Set([ // what a history shows
  "message_created", "message_edited", "message_deleted", "message_read", "message_delivered", "reaction_changed", "attachment_changed",
]);

const isSame = (one, other) => String(one) === String(other);

export class Store extends EventTarget {
  #me;
  #conversations = new Map();
  #threads = new Map();
  #people = new Map();
  #heard = new Map(); // by conversation: up to which message (`seq`) the list or events have told what is new
  #loads = new Set(); // {id, frames}: the histories that are on their way, and what happened meanwhile
  #isReading;

  /**
   * Events that it dispatches, each with `detail.id`: "conversation" (changed, or `null` for several), "thread" (its
   * messages changed), "arrived" (a message of somebody else: also `detail.message`), "outdated" (a conversation must be
   * read again), "person".
   * @param {{me: number | string, isReading?: (conversationId: number) => boolean}} options `isReading`: whether the
   *   person looks at the end of this conversation, so that a new message is read at once
   */
  constructor({ me, isReading = () => false }) {
    super();
    this.#me = me;
    this.#isReading = isReading;
  }

  // --- conversations ----------------------------------------------------------------------------------------------

  /** All that are known, the one with the newest message first. */
  get conversations() {
    const at = ({ last_message: last, created_at: created }) => last?.sent_at ?? created ?? "";
    return [...this.#conversations.values()].sort((one, other) => at(other).localeCompare(at(one)) || other.id - one.id);
  }

  conversation(id) {
    return this.#conversations.get(id);
  }

  /** Conversations as the server gives them. Where an event has told of a newer message meanwhile, that stays. */
  putConversations(conversations) {
    for (const conversation of conversations) {
      const known = this.#conversations.get(conversation.id);
      const isOld = (known?.last_seq ?? 0) > conversation.last_seq;
      if (!isOld) this.#heard.set(conversation.id, conversation.last_seq);
      const newer = isOld ? { last_message: known.last_message, last_seq: known.last_seq, unread: known.unread } : {};
      this.#conversations.set(conversation.id, { ...known, ...conversation, ...newer });
      if (conversation.other) this.putPerson(conversation.other);
    }
    this.#tell("conversation", { id: conversations.length === 1 ? conversations[0].id : null });
  }

  /** Start over: the list was read anew, and only the conversation that is open stays. Threads stay until they are reset. */
  clearConversations(openId) {
    for (const id of this.#conversations.keys()) if (id !== openId) this.#conversations.delete(id);
  }

  changeConversation(id, changes) {
    const conversation = this.#conversations.get(id);
    if (!conversation) return;
    this.#conversations.set(id, { ...conversation, ...changes });
    this.#tell("conversation", { id });
  }

  /** The person has read up to the message with this number (`seq`), and nothing of others is newer. */
  markRead(id, seq) {
    const { read_seq: before } = this.#conversations.get(id) ?? {};
    this.changeConversation(id, { unread: 0, read_seq: Math.max(before ?? 0, seq) });
  }

  /** A conversation that is no longer this person's. */
  removeConversation(id) {
    this.#conversations.delete(id);
    this.#threads.delete(id);
    this.#tell("conversation", { id });
    this.#tell("thread", { id });
  }

  // --- messages ---------------------------------------------------------------------------------------------------

  thread(id) {
    if (!this.#threads.has(id)) this.#threads.set(id, new ThreadState());
    return this.#threads.get(id);
  }

  /**
   * Read the newest page of a history with `request`, which resolves to {messages, has_more}. What happens while it is on its
   * way may be missing in it, and is applied to it again.
   */
  async load(id, request) {
    await this.#read(id, request, ({ messages, has_more: hasOlder }) => this.thread(id).reset(messages, hasOlder));
  }

  /** Read what comes before the messages that are there, likewise. Where those were read anew meanwhile, it is not taken. */
  async loadOlder(id, request) {
    const thread = this.thread(id);
    const { oldestId, resets } = thread;
    await this.#read(id, () => request(oldestId), ({ messages, has_more: hasOlder }) => {
      if (thread.oldestId === oldestId && thread.resets === resets) thread.prepend(messages, hasOlder);
    });
  }

  async #read(id, request, take) {
    const load = { id, frames: [] };
    this.#loads.add(load);
    try {
      take(await request());
    } finally {
      this.#loads.delete(load);
    }
    for (const frame of load.frames) this.apply(frame);
  }

  /** A message that this page has sent or changed itself. */
  putMessage(message) {
    this.thread(message.conversation_id).put(message);
    this.#showLast(message);
    this.#tell("thread", { id: message.conversation_id });
  }

  // --- people -----------------------------------------------------------------------------------------------------

  person(id) {
    return this.#people.get(String(id));
  }

  putPerson(person) {
    this.#people.set(String(person.id), { ...this.#people.get(String(person.id)), ...person });
    this.#tell("person", { id: person.id });
  }

  // --- events -----------------------------------------------------------------------------------------------------

  /** Apply an event or an ephemeral message of the topic. It may come a second time. */
  apply(frame) {
    const { conversation_id: id } = frame;
    for (const load of this.#loads) if (load.id === id && IN_HISTORY.has(frame.type) && load.frames.length < MOST_FRAMES) load.frames.push(frame);
    switch (frame.type) {
      case "message_created":
        this.#created(frame.message);
        break;
      case "message_edited":
        if (this.#threads.get(id)?.change(frame.message.id, frame.message)) this.#tell("thread", { id });
        this.#changeLast(id, frame.message.id, { text: frame.message.text });
        break;
      case "message_deleted": {
        if (this.#conversations.get(id)?.last_message?.id === frame.message_id) this.#tell("outdated", { id });
        const gone = { deleted_at: frame.at, text: "", html: "", attachments: [], reactions: {} };
        if (this.#threads.get(id)?.change(frame.message_id, gone)) this.#tell("thread", { id });
        break;
      }
      case "message_read":
        this.#readBy(frame);
        break;
      case "message_delivered":
        this.#mark(id, frame.message_ids, (message) => !message.delivered_at && { delivered_at: frame.delivered_at });
        break;
      case "reaction_changed":
        this.#react(frame);
        break;
      case "attachment_changed":
        this.#attachmentChanged(frame);
        break;
      case "conversation_changed":
      case "participants_changed":
        this.#tell("outdated", { id });
        break;
      case "presence":
        this.putPerson({ id: frame.person_id, is_online: frame.is_online, last_seen: frame.last_seen });
        break;
    }
  }

  #created(message) {
    const { conversation_id: id } = message;
    const conversation = this.#conversations.get(id);
    // Not by the newest one that is shown: one's own, sent from here, may be newer than what is still to be heard of.
    const isNews = !conversation || (this.#heard.get(id) ?? 0) < message.seq;
    const thread = this.#threads.get(id);
    if (thread?.isLoaded) {
      thread.put(message);
      this.#tell("thread", { id });
    }
    if (!isNews) return; // the list was read later than this happened
    if (!conversation) this.#tell("outdated", { id });
    else {
      this.#heard.set(id, message.seq);
      this.#showLast(message);
    }
    if (isSame(message.sender_id, this.#me)) return;
    if (conversation && !this.#isReading(id)) this.#count(conversation, message);
    this.#tell("arrived", { id, message });
  }

  #count({ id, kind, unread }, message) {
    // An answer is unread only for who follows its thread: the server knows.
    if (message.parent_id && kind !== "direct") this.#tell("outdated", { id });
    else this.changeConversation(id, { unread: unread + 1 });
  }

  #showLast(message) {
    const conversation = this.#conversations.get(message.conversation_id);
    if (!conversation || (conversation.last_seq ?? 0) > message.seq) return;
    const { id, seq, kind, text, sender_id, sender_name, sent_at, attachments = [], deleted_at: deletedAt } = message;
    const last = { id, kind, text, sender_id, sender_name, sent_at, deleted: Boolean(deletedAt), attachments: attachments.length };
    // A new one brings it back from the archive.
    this.changeConversation(message.conversation_id, { last_message: last, last_seq: seq, archived: false });
  }

  #changeLast(conversationId, messageId, changes) {
    const last = this.#conversations.get(conversationId)?.last_message;
    if (last?.id === messageId) this.changeConversation(conversationId, { last_message: { ...last, ...changes } });
  }

  #readBy({ conversation_id: id, person_id: person, up_to_id: upTo, message_ids: ids, read_at: at }) {
    const conversation = this.#conversations.get(id);
    if (isSame(person, this.#me)) {
      if (!conversation) return;
      if (upTo < (conversation.last_message?.id ?? 0)) this.#tell("outdated", { id });
      else this.markRead(id, conversation.last_seq ?? 0);
      return;
    }
    this.#mark(id, ids ?? [], (message) => !message.read_at && { read_at: at, delivered_at: message.delivered_at ?? at });
    if (!conversation?.readers) return;
    const readers = conversation.readers.map((one) =>
      isSame(one.id, person) ? { ...one, read_id: Math.max(one.read_id ?? 0, upTo) } : one);
    this.changeConversation(id, { readers });
    this.#tell("thread", { id });
  }

  #mark(conversationId, ids, changesOf) {
    const thread = this.#threads.get(conversationId);
    if (!thread) return;
    const meant = new Set(ids);
    thread.changeAll((message) => meant.has(message.id) && changesOf(message));
    this.#tell("thread", { id: conversationId });
  }

  #react({ conversation_id: id, message_id: messageId, person_id: person, emoji, added }) {
    const changed = this.#threads.get(id)?.change(messageId, ({ reactions = {} }) => {
      const others = (reactions[emoji] ?? []).filter((one) => !isSame(one, person));
      const { [emoji]: _, ...rest } = reactions;
      const people = added ? [...others, person] : others;
      return { reactions: people.length ? { ...reactions, [emoji]: people } : rest };
    });
    if (changed) this.#tell("thread", { id });
  }

  #attachmentChanged({ conversation_id: id, message_id: messageId, attachment }) {
    const changed = this.#threads.get(id)?.change(messageId, ({ attachments = [] }) => ({
      attachments: attachments.map((one) => (one.id === attachment.id ? attachment : one)),
    }));
    if (changed) this.#tell("thread", { id });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
