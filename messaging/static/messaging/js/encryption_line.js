// Below the head of a conversation: whether what one writes is encrypted, and what stands in the way.

import { icon } from "./dom.js";
import { LACKS } from "./encryption.js";

export class EncryptionLine {
  #line;
  #text;
  #app;
  #shown = null;
  #asked = null; // {id, loaded}: the conversation whose keys were asked for, and with which keys of this browser

  /**
   * @param {HTMLElement} root made from templates/messaging/window.html
   * @param {object} app as in conversation_window.js
   */
  constructor(root, app) {
    this.#app = app;
    this.#line = root.querySelector(".encryption-line");
    this.#text = this.#line?.querySelector(".encryption-text");
    this.#line?.querySelector("button").addEventListener("click", () => app.showEncryption(this.#shown));
  }

  /**
   * @param {object} conversation that is open
   * @param {object[]} messages of it that are here
   * @returns {boolean} whether what is written is encrypted
   */
  show(conversation, messages) {
    const { encryption } = this.#app;
    this.#shown = conversation;
    const isDirect = Boolean(this.#line && conversation.id && conversation.kind === "direct" && conversation.other);
    if (isDirect) this.#follow(conversation, messages);
    const isOn = encryption.isOn(conversation.id);
    if (isDirect && isOn) {
      this.#ask(conversation);
      encryption.acceptFirst(conversation);
    }
    const said = isDirect ? sayingOf(conversation, messages, encryption) : null;
    if (this.#line) this.#line.hidden = !said;
    if (said && this.#line.dataset.said !== said.text) {
      this.#text.replaceChildren(icon(said.sign), said.text);
      Object.assign(this.#line.dataset, { said: said.text, state: said.state });
    }
    return isOn;
  }

  /** Whoever is written to encrypted, and has keys here, answers encrypted, unless they have decided otherwise. */
  #follow(conversation, messages) {
    const { encryption, me } = this.#app;
    if (!encryption.hasKeys || encryption.isChosen(conversation.id)) return;
    const newest = messages.findLast(({ sender_id: sender }) => String(sender) !== String(me));
    if (newest?.kind === "encrypted") encryption.answerEncrypted(conversation);
  }

  #ask(conversation) {
    const { encryption } = this.#app;
    const { id, loaded } = this.#asked ?? {};
    if (id === conversation.id && loaded === encryption.loaded) return;
    this.#asked = { id: conversation.id, loaded: encryption.loaded };
    encryption.look(conversation).catch(({ message }) => this.#app.say(message)); // sending asks again
  }
}

function sayingOf(conversation, messages, encryption) {
  const { name } = conversation.other;
  const state = encryption.state(conversation);
  if (!encryption.isOn(conversation.id)) {
    if (!messages.some(({ kind, deleted_at: deletedAt }) => kind === "encrypted" && !deletedAt)) return null;
    if (encryption.hasKeys) return warning("What you write here is not encrypted.");
    return warning("This browser has no keys to read what is encrypted here.");
  }
  if (state?.lacks === LACKS.others) return warning(`${name} has no device with keys yet. Until they switch encryption on, nothing can be sent.`);
  if (state?.lacks) return warning("This browser has no valid keys. Switch encryption on again, or off.");
  if (state?.isChanged) return warning("The keys of this conversation have changed.");
  return { state: "on", sign: "lock", text: "End-to-end encrypted" };
}

function warning(text) {
  return { state: "warning", sign: "alert", text };
}
