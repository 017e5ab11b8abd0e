// What a browser keeps in IndexedDB: the keys of its person's device. A private key that cannot be exported can be kept there,
// and nowhere else. It stays when its person signs out: without it nothing that was encrypted can be read.

const DATABASE = "gistagum-messages";
const STORE = "devices";
const TIMEOUT = 5000; // milliseconds

/** @typedef {{device_id: string, privateKey: CryptoKey, publicKey: JsonWebKey}} Device */

export class DeviceStore {
  #person;
  #factory;

  /**
   * @param {number | string} person
   * @param {() => IDBFactory} [factory] may throw; then nothing can be kept
   */
  constructor(person, factory = () => indexedDB) {
    this.#person = String(person);
    this.#factory = factory;
  }

  /** @returns {Promise<Device | null>} rejects where the browser keeps nothing */
  async read() {
    return (await this.#within("readonly", (store) => store.get(this.#person))) ?? null;
  }

  /** @param {Device} device */
  async write(device) {
    await this.#within("readwrite", (store) => store.put(device, this.#person));
  }

  async remove() {
    await this.#within("readwrite", (store) => store.delete(this.#person));
  }

  /** Open the database, do one thing within a transaction, and close it: a tab that keeps it open is in others' way. */
  async #within(mode, action) {
    const database = await inTime((resolve, reject) => {
      const opening = this.#factory().open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
      opening.onblocked = () => reject(new Error("Another tab is in the way."));
    });
    try {
      return await inTime((resolve, reject) => {
        const transaction = database.transaction(STORE, mode);
        const asked = action(transaction.objectStore(STORE));
        transaction.oncomplete = () => resolve(asked.result);
        transaction.onabort = () => reject(transaction.error ?? new Error("The browser did not keep it."));
        transaction.onerror = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  }
}

function inTime(work) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The browser's storage does not answer.")), TIMEOUT);
    const settle = (settled) => (value) => {
      clearTimeout(timer);
      settled(value);
    };
    try {
      work(settle(resolve), settle(reject));
    } catch (error) {
      settle(reject)(error);
    }
  });
}
