// What a browser keeps in IndexedDB: the keys of its person's device. A private key that cannot be exported can be kept there,
// and nowhere else. It stays when its person signs out: without it nothing that was encrypted can be read.

const DATABASE = "gistagum-messages";
const STORE = "devices";
const TIMEOUT = 5000; // milliseconds
const READERS = 20; // copies that are kept beside the device

/**
 * @typedef {{device_id: string, privateKey: CryptoKey, publicKey: JsonWebKey,
 *   readers?: {device_id: string, privateKey: CryptoKey}[]}} Device `readers`: copies that this browser can read with
 */

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
    return this.#within("readonly", (store, done) => {
      store.get(this.#person).onsuccess = ({ target }) => done(target.result ?? null);
    });
  }

  /**
   * Keep a device, unless there is one: another tab may have made it at the same time, and its keys must not be lost.
   * @param {Device} device
   * @returns {Promise<Device>} the one that is kept
   */
  async keep(device) {
    return this.#within("readwrite", (store, done) => {
      store.get(this.#person).onsuccess = ({ target }) => {
        if (!target.result) store.put(device, this.#person);
        done(target.result ?? device);
      };
    });
  }

  /** Keep a pair beside the device's, with which this browser reads what was encrypted for a copy. */
  async addReader(reader) {
    return this.#within("readwrite", (store, done) => {
      store.get(this.#person).onsuccess = ({ target: { result: device } }) => {
        if (!device) return done(null);
        const others = (device.readers ?? []).filter(({ device_id: id }) => id !== reader.device_id);
        const changed = { ...device, readers: [...others, reader].slice(-READERS) };
        store.put(changed, this.#person);
        return done(changed);
      };
    });
  }

  async remove() {
    await this.#within("readwrite", (store, done) => {
      store.delete(this.#person).onsuccess = () => done();
    });
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
        let result;
        action(transaction.objectStore(STORE), (found) => (result = found));
        transaction.oncomplete = () => resolve(result);
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
