// The messages of one conversation that the page holds: a row without gaps, up to the newest one.

const MOST = 600; // messages that the page holds; of more, the oldest are loaded again when one scrolls up

export class ThreadState {
  #messages = new Map(); // by id
  #sorted = null;
  #resets = 0;
  hasOlder = true;
  isLoaded = false;

  /** Oldest first, each with how many answers it has (`thread_count`). */
  get messages() {
    if (!this.#sorted) {
      this.#countAnswers();
      this.#sorted = [...this.#messages.values()].sort((one, other) => one.id - other.id);
    }
    return this.#sorted;
  }

  get oldestId() {
    return this.messages[0]?.id ?? null;
  }

  get(id) {
    if (!this.#sorted) this.#countAnswers();
    return this.#messages.get(id);
  }

  /**
   * The newest page of the history: what was there before is replaced, so that there is no gap. What is newer has come by
   * events while the page was on its way.
   */
  reset(messages, hasOlder) {
    const newest = messages.at(-1)?.id ?? 0;
    const later = this.messages.filter(({ id }) => id > newest);
    this.#messages = new Map([...messages, ...later].map((message) => [message.id, message]));
    this.hasOlder = hasOlder;
    this.isLoaded = true;
    this.#sorted = null;
    this.#resets += 1;
  }

  /** Changes when the messages are read anew: what was asked for before does not fit what is there then. */
  get resets() {
    return this.#resets;
  }

  /** Older messages, which come before those that are there. */
  prepend(messages, hasOlder) {
    for (const message of messages) if (!this.#messages.has(message.id)) this.#messages.set(message.id, message);
    this.hasOlder = hasOlder;
    this.#sorted = null;
  }

  /** A message that is new, or that has changed. Returns whether it is new. One from before the first is not taken. */
  put(message) {
    const isNew = !this.#messages.has(message.id);
    if (isNew && this.hasOlder && this.oldestId !== null && message.id < this.oldestId) return false;
    this.#messages.set(message.id, message);
    this.#sorted = null;
    if (isNew) this.#trim();
    return isNew;
  }

  /** Change a message that is there. Returns whether it is. */
  change(id, changes) {
    const message = this.#messages.get(id);
    if (!message) return false;
    this.#messages.set(id, { ...message, ...(typeof changes === "function" ? changes(message) : changes) });
    this.#sorted = null;
    return true;
  }

  /** Change every message for which the function gives changes. */
  changeAll(changesOf) {
    for (const message of this.messages) {
      const changes = changesOf(message);
      if (changes) this.#messages.set(message.id, { ...message, ...changes });
    }
    this.#sorted = null;
  }

  /** Answers are newer than what they answer, so all answers to what is here are here, too. */
  #countAnswers() {
    const counts = new Map();
    for (const { parent_id: parentId, deleted_at: deletedAt } of this.#messages.values()) {
      if (parentId && !deletedAt) counts.set(parentId, (counts.get(parentId) ?? 0) + 1);
    }
    for (const [id, message] of this.#messages) {
      const count = counts.get(id) ?? 0;
      if (message.thread_count !== count) this.#messages.set(id, { ...message, thread_count: count });
    }
  }

  /** Hold no more than so many: the oldest go. */
  #trim() {
    const surplus = this.#messages.size - MOST;
    if (surplus <= 0) return;
    for (const { id } of this.messages.slice(0, surplus)) this.#messages.delete(id);
    this.hasOlder = true;
    this.#sorted = null;
  }
}
