// Who is typing: told to the others at most once a second, and forgotten where nothing more is heard.

const AGAIN = 2500; // milliseconds until "is typing" is said again while somebody goes on
const IDLE = 4000; // milliseconds without a key after which nobody types
const GONE = 6000; // milliseconds after which somebody who was not heard of again does not type

/** Tells the others that this person types. */
export class TypingTeller {
  #tell;
  #timers;
  #now;
  #saidAt = -Infinity;
  #conversation = null;
  #idle = null;

  /** @param {(conversationId: number, isTyping: boolean) => void} tell */
  constructor(tell, { timers = globalThis, now = () => performance.now() } = {}) {
    this.#tell = tell;
    this.#timers = timers;
    this.#now = now;
  }

  /** A key was pressed in the field of this conversation. */
  typed(conversationId) {
    if (this.#conversation !== null && this.#conversation !== conversationId) this.stop();
    if (this.#conversation === null || this.#now() - this.#saidAt >= AGAIN) {
      this.#conversation = conversationId;
      this.#saidAt = this.#now();
      this.#tell(conversationId, true);
    }
    this.#timers.clearTimeout(this.#idle);
    this.#idle = this.#timers.setTimeout(() => this.stop(), IDLE);
  }

  /** The message was sent or removed, or the conversation left. */
  stop({ isSent = false } = {}) {
    this.#timers.clearTimeout(this.#idle);
    const conversation = this.#conversation;
    this.#conversation = null;
    // Who gets a message knows that its sender has stopped.
    if (conversation !== null && !isSent) this.#tell(conversation, false);
  }
}

/** Who types in which conversation, as heard from others. */
export class Typists {
  #onChange;
  #timers;
  #heard = new Map(); // by conversation: Map of person id to {name, timer}

  /** @param {(conversationId: number) => void} onChange */
  constructor(onChange, { timers = globalThis } = {}) {
    this.#onChange = onChange;
    this.#timers = timers;
  }

  heard({ conversation_id: conversationId, person_id: person, person_name: name, is_typing: isTyping }) {
    this.forget(conversationId, person);
    if (!isTyping) return;
    const timer = this.#timers.setTimeout(() => this.forget(conversationId, person), GONE);
    if (!this.#heard.has(conversationId)) this.#heard.set(conversationId, new Map());
    this.#heard.get(conversationId).set(String(person), { name, timer });
    this.#onChange(conversationId);
  }

  /** Somebody has stopped, or has sent the message. */
  forget(conversationId, person) {
    const typing = this.#heard.get(conversationId);
    const one = typing?.get(String(person));
    if (!one) return;
    this.#timers.clearTimeout(one.timer);
    typing.delete(String(person));
    if (!typing.size) this.#heard.delete(conversationId);
    this.#onChange(conversationId);
  }

  /** "Ana is typing", "Ana and Jose are typing", "Several people are typing"; empty for nobody. */
  text(conversationId) {
    const people = [...(this.#heard.get(conversationId)?.values() ?? [])].map(({ name }) => name);
    if (!people.length) return "";
    if (people.length > 2) return "Several people are typing";
    return `${people.join(" and ")} ${people.length === 1 ? "is" : "are"} typing`;
  }
}
