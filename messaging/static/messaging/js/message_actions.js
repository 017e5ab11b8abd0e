// What one does with the messages of the conversation that is open: answer, react, correct, delete, send again.

import { rightsOf } from "./rights.js";

export class MessageActions {
  #app;
  #window;

  /**
   * @param {object} app as in conversation_window.js
   * @param {{composer: import("./composer.js").Composer, open: () => {id: number | null, key: string} | null,
   *   conversation: () => object, parentOf: (id: number) => object | null, jump: (id: number) => void}} window
   */
  constructor(app, window) {
    this.#app = app;
    this.#window = window;
  }

  /** What the rows and their bar call (message_view.js, message_tools.js). */
  get listeners() {
    const { outbox } = this.#app;
    const { composer, jump } = this.#window;
    return {
      jump,
      reply: (id) => composer.reply(this.#message(id)),
      edit: (id) => this.#edit(this.#message(id)),
      react: (id, emoji, isAdded = true) => this.#react(id, emoji, isAdded),
      remove: (id) => this.#remove(id),
      retry: (clientId) => outbox.retry(clientId),
      discard: (clientId) => outbox.discard(clientId),
      takeBack: (clientId) => this.#takeBack(clientId),
    };
  }

  /** What one may do with a message; null for nothing. */
  rightsOf(id) {
    return this.#window.open()?.id ? rightsOf(this.#message(id), this.#window.conversation(), this.#app.me) : null;
  }

  /** The arrow up in an empty field: correct one's last message. */
  editLast(event) {
    const { id: conversationId } = this.#window.open();
    const own = this.#app.store.thread(conversationId).messages.findLast(({ id, sender_id: sender }) =>
      String(sender) === String(this.#app.me) && this.rightsOf(id)?.mayEdit);
    if (!own) return;
    event.preventDefault();
    this.#edit(this.#message(own.id));
  }

  /** Save a correction. One that has failed is offered again: at once, or when its conversation is opened again. */
  async correct(message, text) {
    const { composer, open, conversation } = this.#window;
    const { key } = open();
    const place = conversation();
    const { api, encryption, say } = this.#app;
    try {
      const saved = message.kind === "encrypted" ? await encryption.seal(text, place) : text;
      this.#app.store.putMessage(await api.patch(`messages/${message.id}/`, { text: saved }));
      composer.corrected(key, message, text);
    } catch (error) {
      const isHere = open()?.key === key;
      say(isHere ? error.message : `${error.message} Your correction is kept in its conversation.`);
      if (isHere) composer.offer(message, text);
    }
  }

  #message(id) {
    return this.#app.encryption.shown(this.#app.store.thread(this.#window.open().id).get(id));
  }

  #edit(message) {
    this.#window.composer.edit(message, message.plain ?? message.text);
  }

  async #remove(id) {
    const isSure = await this.#app.confirm(
      "Delete this message?", "Nobody can read it any longer. That it was there remains visible.", "Delete");
    if (isSure) await this.#change(() => this.#app.api.delete(`messages/${id}/`));
  }

  async #react(id, emoji, isAdded) {
    const has = this.#message(id)?.reactions?.[emoji]?.some((person) => String(person) === String(this.#app.me));
    const path = `messages/${id}/reactions/${encodeURIComponent(emoji)}/`;
    await this.#change(() => (isAdded && !has ? this.#app.api.put(path) : this.#app.api.delete(path)));
  }

  #takeBack(clientId) {
    const item = this.#app.outbox.discard(clientId);
    if (!item) return;
    const parent = item.parentId ? this.#window.parentOf(item.parentId) ?? unknown(item.parentId) : null;
    this.#window.composer.put({ ...item, parent });
  }

  /** Change a message on the server, and show it as it is then. */
  async #change(request) {
    try {
      this.#app.store.putMessage(await request());
    } catch (error) {
      this.#app.say(error.message);
    }
  }
}

/** A message that is answered and not here: the answer to it stays one. */
function unknown(id) {
  return { id, sender_name: "somebody", text: "An earlier message" };
}
