// End-to-end encryption as the page has it: this browser's device, for whom texts are encrypted, and what is read again.

import { ApiError } from "./api.js";
import { newClientId } from "./client_id.js";
import { EncryptedConversations } from "./encrypted_conversations.js";
import { decrypt, encrypt, makeDevice } from "./end_to_end.js";
import { fingerprint, isUsable, safetyNumber } from "./fingerprints.js";
import { makeCopy, NoCopy, openCopy } from "./key_copy.js";

const MOST = 2000; // texts that are held decrypted
const NO_STORE = "This browser keeps no keys, so it cannot encrypt.";
const NO_COPY = "This is no copy of your keys, or it has another passphrase.";
const COPY = "copy-"; // with what the names of copies begin
const KEYS_CHANGED = "The keys of this conversation have changed. Look at them (Details, above the messages), then try again.";
const NO_CRYPTO = "This browser encrypts only on pages that come over https.";

/** What a conversation lacks; null: nothing. The words are in encryption_line.js. */
export const LACKS = { device: "device", published: "published", others: "others" };

export class Encryption extends EventTarget {
  #api;
  #me;
  #store;
  #choices;
  #device = null;
  #loaded;
  #texts = new Map(); // by envelope: {plain}, {problem} or null while it is decrypted
  #states = new Map(); // by the other person: what the keys were when they were last asked for
  #seen = new Map(); // by conversation: the number that the person has looked at

  /**
   * Dispatches "change" when something else is to be shown.
   * @param {{api: object, me: number | string, store: import("./device_store.js").DeviceStore,
   *   choices?: EncryptedConversations}} options
   */
  constructor({ api, me, store, choices = new EncryptedConversations(me) }) {
    super();
    this.#api = api;
    this.#me = me;
    this.#store = store;
    this.#choices = choices;
    this.#loaded = this.#load();
  }

  /** Whether this browser has keys. Known once `loaded` has resolved. */
  get hasKeys() {
    return this.#device !== null;
  }

  /** Resolves once it is known whether this browser has keys. Another promise where another tab has changed that. */
  get loaded() {
    return this.#loaded;
  }

  /** Whether what one writes in this conversation is encrypted. */
  isOn(id) {
    return Boolean(id && this.#choices.of(id)?.isOn);
  }

  /** Whether the person has decided for this conversation, in this browser. */
  isChosen(id) {
    return this.#choices.of(id) !== null;
  }

  /** Another tab has changed what is kept under this key of the storage, and may have made the keys. */
  onStorage(key) {
    if (!this.#choices.isKey(key)) return;
    this.#loaded = this.#load().then(() => {
      this.#texts.clear();
      this.#states.clear();
      this.#changed();
    });
  }

  /**
   * Encrypt in this conversation from now on, with keys that this browser has or makes.
   * @throws {ApiError} the server or the browser does not take them
   */
  async switchOn(conversation) {
    if (!globalThis.crypto?.subtle) throw new ApiError(NO_CRYPTO);
    await this.#loaded;
    const made = this.#device ?? { device_id: newClientId(), ...(await makeDevice()) };
    const device = await this.#store.keep(made).catch(() => {
      throw new ApiError(NO_STORE);
    });
    await this.#api.put("keys/", { device_id: device.device_id, public_key: device.publicKey });
    this.#device = device;
    this.#texts.clear();
    if (!this.#choices.choose(conversation.id, { isOn: true })) throw new ApiError(NO_STORE);
    this.#changed();
    await this.look(conversation);
  }

  /** The other person writes encrypted, and this browser has keys: so do answers, from now on. */
  answerEncrypted(conversation) {
    this.#choices.choose(conversation.id, { isOn: true });
  }

  switchOff({ id }) {
    this.#choices.choose(id, { isOn: false });
    this.#changed();
  }

  /** Forget this browser's keys: what was encrypted for them can be read no more. Where it is on, nothing can be sent. */
  async forget() {
    const { device_id: id } = this.#device;
    await this.#takeBack(id).catch((error) => {
      if (error.status !== 404) throw error; // it was removed on another device
    });
    await this.#store.remove();
    this.#device = null;
    this.#texts.clear();
    this.#changed();
  }

  /** Make a copy of keys, for which texts are encrypted from now on. Returns what its file holds. */
  async makeCopy(conversation, passphrase) {
    const device = { user_id: this.#me, device_id: COPY + newClientId() };
    const { publicKey, file } = await makeCopy(device, passphrase);
    const added = { ...device, public_key: publicKey };
    await this.#changeOwn(conversation, (devices) => [...devices, added],
      () => this.#api.put("keys/", { device_id: device.device_id, public_key: publicKey }));
    return file;
  }

  /** Read with a copy in this browser, too. Rejects with an ApiError for what is none of this person's. */
  async readCopy(file, passphrase) {
    const { user_id: whose, ...reader } = await openCopy(file, passphrase).catch((error) => {
      throw error instanceof NoCopy ? new ApiError(NO_COPY) : error;
    });
    if (String(whose) !== String(this.#me)) throw new ApiError(NO_COPY);
    const device = await this.#store.addReader(reader).catch(() => null);
    if (!device) throw new ApiError(NO_STORE);
    this.#device = device;
    this.#texts.clear();
    this.#changed();
  }

  /** Take back the key of a device of one's own: nothing more is encrypted for it. */
  async removeDevice(conversation, id) {
    const isOther = ({ isMine, device_id: device }) => !isMine || device !== id;
    await this.#changeOwn(conversation, (devices) => devices.filter(isOther), () => this.#takeBack(id));
  }

  /**
   * Ask for the keys of a direct conversation.
   * @returns {Promise<State>} as `state` gives it
   * @typedef {{devices: object[], number: string, lacks: string | null, isChanged: boolean}} State `lacks` is one of LACKS;
   *   `isChanged`: the number is another one than what was accepted
   */
  async look(conversation) {
    await this.#ask(conversation.other.id);
    this.#changed();
    return this.state(conversation);
  }

  /** What the keys of a conversation were when they were last asked for; null before. */
  state({ id, other }) {
    const found = this.#states.get(String(other?.id));
    if (!found) return null;
    const compared = this.#choices.of(id)?.number;
    return { ...found, isChanged: Boolean(compared) && compared !== found.number };
  }

  /** The person has looked at the number that the keys give now, so texts may be encrypted for them. */
  see(conversation) {
    this.#seen.set(String(conversation.id), this.state(conversation)?.number);
  }

  /** The number of the keys was compared with the other person. */
  accept(conversation) {
    const { number, lacks } = this.state(conversation);
    if (lacks) return; // the keys of one person alone are no number to compare
    this.#choices.choose(conversation.id, { number });
    this.#changed();
  }

  /** The first number that the keys of two people give is taken for the right one. */
  acceptFirst(conversation) {
    const isFirst = this.isOn(conversation.id) && !this.#choices.of(conversation.id).number;
    if (isFirst && this.state(conversation)) this.accept(conversation);
  }

  /**
   * Encrypt a text for the devices of the two people of a direct conversation, as they are now.
   * @throws {ApiError} it cannot be encrypted, or the keys have changed and the person has not looked at them yet
   */
  async seal(text, { id, other }) {
    const { devices, lacks, number } = await this.#ask(other.id);
    if (lacks) throw new ApiError(REFUSALS[lacks], { status: 409, code: "no_keys" });
    if (![undefined, number].includes(this.#choices.of(id)?.number) && this.#seen.get(String(id)) !== number) {
      this.#changed(); // the line above the messages warns
      throw new ApiError(KEYS_CHANGED, { status: 409, code: "keys_changed" });
    }
    const envelope = await encrypt(text, devices.filter(({ isUsable: usable }) => usable));
    this.#keep(envelope, { plain: text });
    return envelope;
  }

  /**
   * A message as it is shown: one that is encrypted has `plain`, its text, or `problem`, why it cannot be read; neither
   * while it is decrypted.
   */
  shown(message) {
    if (message?.kind !== "encrypted" || !message.text) return message;
    if (!this.#texts.has(message.text)) this.#open(message.text);
    return { ...message, ...this.#texts.get(message.text) };
  }

  /** The same, once it is decrypted. */
  async read(message) {
    if (message?.kind === "encrypted" && message.text && !this.#texts.get(message.text)) await this.#open(message.text);
    return this.shown(message);
  }

  /**
   * Change the keys of one's own devices. The number stays accepted where nothing else is new: the server may have named
   * another key of the other person meanwhile, or before.
   * @param {(devices: object[]) => object[]} change what it makes of the devices
   */
  async #changeOwn(conversation, change, act) {
    const before = await this.#ask(conversation.other.id);
    await act();
    const { number } = await this.#ask(conversation.other.id);
    const wasAccepted = this.#choices.of(conversation.id)?.number === before.number;
    if (wasAccepted && number === (await safetyNumber(change(before.devices)))) this.accept(conversation);
    this.#changed();
  }

  async #takeBack(id) {
    await this.#api.delete(`keys/?device_id=${encodeURIComponent(id)}`);
  }

  async #load() {
    this.#device = await this.#store.read().catch(() => null); // a browser that keeps nothing has none
  }

  async #open(envelope) {
    this.#keep(envelope, null);
    await this.#loaded;
    this.#keep(envelope, await this.#opened(envelope));
    this.#changed();
  }

  async #opened(envelope) {
    if (!this.#device) return { problem: "This browser has no keys for it." };
    for (const { device_id, privateKey } of [this.#device, ...(this.#device.readers ?? [])]) {
      try {
        return { plain: await decrypt(envelope, { user_id: this.#me, device_id, privateKey }) };
      } catch (error) {
        if (!error.isForOthers) return { problem: "It was changed on its way, or is damaged." };
      }
    }
    return { problem: "It was not encrypted for this browser." };
  }

  #keep(envelope, text) {
    this.#texts.delete(envelope);
    this.#texts.set(envelope, text);
    if (this.#texts.size > MOST) this.#texts.delete(this.#texts.keys().next().value);
  }

  async #ask(otherId) {
    await this.#loaded;
    if (!globalThis.crypto?.subtle) throw new ApiError(NO_CRYPTO, { status: 409 }); // it may be on from a page over https
    const { keys } = await this.#api.get("keys/", { people: `${this.#me},${otherId}` });
    const devices = await Promise.all(keys.map((key) => this.#described(key)));
    const found = { devices, number: await safetyNumber(devices), lacks: this.#lacks(devices, otherId) };
    const before = this.#states.get(String(otherId));
    this.#states.set(String(otherId), found);
    if (before && (before.number !== found.number || before.lacks !== found.lacks)) this.#changed();
    return found;
  }

  async #described(key) {
    const isMine = String(key.user_id) === String(this.#me);
    const own = this.#device?.publicKey;
    const isHere = isMine && key.device_id === this.#device?.device_id && key.public_key.x === own.x && key.public_key.y === own.y;
    return { ...key, isMine, isHere, isCopy: key.device_id.startsWith(COPY), isUsable: await isUsable(key), fingerprint: await fingerprint(key) };
  }

  #lacks(devices, otherId) {
    if (!this.#device) return LACKS.device;
    if (!devices.some(({ isHere }) => isHere)) return LACKS.published;
    const isTheirs = ({ user_id: user, isUsable: usable }) => usable && String(user) === String(otherId);
    return devices.some(isTheirs) ? null : LACKS.others;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

const REFUSALS = {
  device: "This browser has no keys: switch encryption on again, or off.",
  published: "The key of this browser was removed: switch encryption on again, or off.",
  others: "The other person has no device with keys yet. Nothing was sent.",
};
