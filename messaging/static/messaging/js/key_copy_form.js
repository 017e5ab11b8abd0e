// Where one saves a copy of keys, and reads with one: a part of the dialog of encryption.

import { SHORTEST_PASSPHRASE } from "./key_copy.js";

const FILE = "gistagum-keys.json";
const LARGEST = 10_000; // bytes of a file

export class KeyCopyForm {
  #part;
  #passphrase;
  #file;
  #options;

  /**
   * @param {HTMLDetailsElement} part of templates/messaging/encryption_dialog.html
   * @param {{make: (passphrase: string) => Promise<string>, read: (file: string, passphrase: string) => Promise<void>,
   *   attempt: (action: () => Promise<void>) => Promise<void>, say: (text: string) => void}} options `attempt` shows
   *   what went wrong
   */
  constructor(part, options) {
    this.#part = part;
    this.#options = options;
    this.#passphrase = part.querySelector("input[type=password]");
    this.#file = part.querySelector("input[type=file]");
    const { attempt } = options;
    part.querySelector(".copy-save").addEventListener("click", () => attempt(() => this.#save()));
    part.querySelector(".copy-read").addEventListener("click", () => attempt(() => this.#read()));
  }

  set hidden(isHidden) {
    this.#part.hidden = isHidden;
  }

  async #save() {
    const passphrase = this.#passphrase.value;
    if (passphrase.length < SHORTEST_PASSPHRASE) throw new Error(`The passphrase has at least ${SHORTEST_PASSPHRASE} characters.`);
    const text = await this.#options.make(passphrase);
    const link = document.createElement("a");
    Object.assign(link, { href: `data:application/json,${encodeURIComponent(text)}`, download: FILE });
    link.click();
    this.#done("The copy is saved: keep the file and its passphrase in two places.");
  }

  async #read() {
    const [file] = this.#file.files;
    if (!file || file.size > LARGEST) throw new Error("Choose the file of a copy.");
    await this.#options.read(await file.text(), this.#passphrase.value);
    this.#done("This browser reads now what was encrypted for the copy.");
  }

  #done(text) {
    this.#passphrase.value = "";
    this.#file.value = "";
    this.#options.say(text);
  }
}
