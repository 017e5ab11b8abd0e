// In which conversations a person writes encrypted, as this browser keeps it: for all its tabs, and over signing out, since
// nobody may write in the clear unawares.

/** @typedef {{isOn: boolean, number?: string}} Choice `number`: the safety number that was last compared or accepted */

export class EncryptedConversations {
  #name;
  #storage;

  /**
   * @param {number | string} person
   * @param {() => Storage} [storage] may throw; then nothing is kept
   */
  constructor(person, storage = () => localStorage) {
    this.#name = `gistagum-encrypted-${person}`;
    this.#storage = storage;
  }

  /** @returns {Choice | null} null where nothing was chosen */
  of(id) {
    const choice = this.#all()[id];
    return typeof choice?.isOn === "boolean" ? choice : null;
  }

  /** Keep a choice. Returns whether the browser has kept it. */
  choose(id, choice) {
    try {
      this.#storage().setItem(this.#name, JSON.stringify({ ...this.#all(), [id]: { ...this.of(id), ...choice } }));
      return true;
    } catch {
      return false;
    }
  }

  /** Whether this key of the storage is that of the choices: another tab has changed them. */
  isKey(key) {
    return key === this.#name;
  }

  #all() {
    try {
      const kept = JSON.parse(this.#storage().getItem(this.#name));
      return kept && typeof kept === "object" ? kept : {};
    } catch {
      return {}; // not allowed, or not ours
    }
  }
}
