// The dialog of a conversation's end-to-end encryption: what it gives and takes, switching it, the keys and their numbers.

import { element } from "./dom.js";
import { LACKS } from "./encryption.js";
import { KeyCopyForm } from "./key_copy_form.js";

const LACKING = {
  [LACKS.device]: () => "This browser has no keys.",
  [LACKS.published]: () => "The key of this browser was removed from your devices. Switch encryption on again to publish it.",
  [LACKS.others]: (name) => `${name} has no device with keys yet. Ask them to switch encryption on in this conversation, too. Until then nothing can be sent encrypted.`,
};

const OWN = { true: "A copy of yours", false: "Another device of yours" };

export class EncryptionDialog {
  #dialog;
  #app;
  #conversation = null;
  #parts;
  #copy;

  /** @param {HTMLDialogElement} dialog of templates/messaging/encryption_dialog.html */
  constructor(dialog, app) {
    this.#dialog = dialog;
    this.#app = app;
    const part = (name) => dialog.querySelector(`.encryption-${name}`);
    this.#parts = Object.fromEntries(["state", "keys", "number", "changed", "devices", "switch", "compared", "forget"].map((name) => [name, part(name)]));
    const { encryption } = app;
    this.#parts.switch.addEventListener("click", () => this.#do(() => this.#switch()));
    this.#parts.compared.addEventListener("click", () => this.#do(() => encryption.accept(this.#conversation)));
    this.#parts.forget.addEventListener("click", () => this.#forget());
    this.#copy = new KeyCopyForm(dialog.querySelector(".encryption-copy"), {
      make: (passphrase) => encryption.makeCopy(this.#conversation, passphrase),
      read: (file, passphrase) => encryption.readCopy(file, passphrase),
      attempt: (action) => this.#do(action),
      say: app.say,
    });
    dialog.querySelector(".dialog-close").addEventListener("click", () => dialog.close());
  }

  /** @param {object} conversation a direct one */
  async open(conversation) {
    this.#conversation = conversation;
    this.#show();
    this.#dialog.showModal();
    await this.#do(async () => {
      await this.#app.encryption.look(conversation);
      this.#app.encryption.see(conversation);
    });
  }

  async #switch() {
    const { encryption, say } = this.#app;
    const isOn = this.#needsSwitchingOn();
    if (isOn) await encryption.switchOn(this.#conversation);
    else encryption.switchOff(this.#conversation);
    say(isOn ? "Encryption is switched on." : "Encryption is switched off: what you write here is not encrypted.");
  }

  /** It is off, or it is on and this browser's keys are not what they must be. */
  #needsSwitchingOn() {
    const { encryption } = this.#app;
    return !encryption.isOn(this.#conversation.id) || this.#isBroken();
  }

  #isBroken() {
    return [LACKS.device, LACKS.published].includes(this.#app.encryption.state(this.#conversation)?.lacks);
  }

  async #forget() {
    const { confirm, encryption } = this.#app;
    this.#dialog.close();
    const isSure = await confirm("Forget the keys of this browser?",
      "What was encrypted for it can never be read here again, in no conversation. Nobody can bring the keys back.", "Forget");
    this.#dialog.showModal();
    await this.#do(async () => {
      if (isSure) await encryption.forget();
      await encryption.look(this.#conversation);
    });
  }

  async #do(action) {
    const problem = this.#dialog.querySelector(".dialog-problem");
    problem.hidden = true;
    try {
      await action();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
    this.#show();
  }

  #show() {
    const { encryption } = this.#app;
    const { id, other } = this.#conversation;
    const state = encryption.state(this.#conversation);
    const isOn = encryption.isOn(id);
    this.#parts.state.textContent = isOn ? (LACKING[state?.lacks]?.(other.name) ?? "It is on: what you write here is encrypted.") : "It is off: what you write here is not encrypted.";
    this.#parts.switch.textContent = isOn && !this.#isBroken() ? "Switch off" : "Switch on";
    this.#parts.forget.hidden = !encryption.hasKeys;
    this.#copy.hidden = !encryption.hasKeys;
    this.#parts.keys.hidden = !state?.devices.some(({ isMine }) => !isMine); // one's own alone are no number to compare
    if (!state) return;
    this.#parts.number.textContent = state.number;
    this.#parts.changed.hidden = !state.isChanged;
    this.#parts.compared.hidden = !state.isChanged;
    this.#parts.devices.replaceChildren(...state.devices.map((device) => this.#device(device)));
  }

  #device(device) {
    const { isMine, isHere, isUsable, isCopy, device_id: id, fingerprint, published_at: at } = device;
    const whose = isHere ? "This browser" : isMine ? OWN[isCopy] : `${isCopy ? "A copy" : "A device"} of ${this.#conversation.other.name}`;
    const since = isUsable ? `since ${this.#app.dates.full(at)}` : "with a key that this page cannot use";
    const remove = isMine && !isHere ? element("button", {
      type: "button", class: "text-button", text: "Remove", "aria-label": `Remove the device ${fingerprint}`,
      on: { click: () => this.#do(() => this.#app.encryption.removeDevice(this.#conversation, id)) },
    }) : null;
    return element("li", {}, element("span", { class: "device-name" }, `${whose}, ${since}`),
      element("span", { class: "device-number", text: fingerprint }), remove);
  }
}
