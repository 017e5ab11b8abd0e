// Messages that are answered, and are not among those that are loaded: each is read once, by itself.

const MOST = 50; // that are held although nothing that is shown answers them

export class Answered {
  #read;
  #shown;
  #onRead;
  #messages = new Map(); // by id; null while one is not here, or cannot be read

  /**
   * @param {{read: (id: number) => Promise<object>, shown: () => Iterable<number>, onRead: () => void}} options `shown`: the
   *   ids of what is answered by what is shown
   */
  constructor({ read, shown, onRead }) {
    this.#read = read;
    this.#shown = shown;
    this.#onRead = onRead;
  }

  /** The message, or null while it is not here. */
  get(id) {
    const known = this.#messages.get(id);
    if (known !== undefined) return known;
    this.#makeRoom();
    this.#messages.set(id, null);
    this.#read(id).then((message) => {
      this.#messages.set(id, message);
      this.#onRead();
    }).catch(() => {}); // it stays "An earlier message"
    return null;
  }

  clear() {
    this.#messages.clear();
  }

  /** What is shown stays, or it would be asked for again at once. */
  #makeRoom() {
    if (this.#messages.size < MOST) return;
    const shown = new Set(this.#shown());
    for (const id of this.#messages.keys()) if (!shown.has(id)) this.#messages.delete(id);
  }
}
