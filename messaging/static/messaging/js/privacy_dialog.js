// The dialog in which one chooses what others learn: when one was last there, and what one has read.

export class PrivacyDialog {
  #dialog;
  #form;
  #problem;
  #app;
  #onSaved;

  /**
   * @param {HTMLDialogElement} dialog of templates/messaging/dialogs.html
   * @param {object} app as in conversation_window.js
   * @param {() => void} onSaved what is shown of others may be another thing now
   */
  constructor(dialog, app, onSaved) {
    this.#dialog = dialog;
    this.#app = app;
    this.#onSaved = onSaved;
    this.#form = dialog.querySelector("form");
    this.#problem = dialog.querySelector(".dialog-problem");
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    dialog.querySelector(".dialog-close").addEventListener("click", () => dialog.close());
  }

  async open() {
    this.#form.querySelector(".dialog-save").disabled = true; // nothing is saved before it is known what was chosen
    this.#dialog.showModal();
    await this.#do(async () => this.#show(await this.#app.api.get("preferences/")));
  }

  #show({ last_seen: lastSeen, read_receipts: readReceipts }) {
    this.#form.elements.last_seen.value = lastSeen;
    this.#form.elements.read_receipts.checked = readReceipts;
    this.#form.querySelector(".dialog-save").disabled = false;
  }

  #save() {
    return this.#do(async () => {
      const { last_seen: lastSeen, read_receipts: readReceipts } = this.#form.elements;
      await this.#app.api.patch("preferences/", { last_seen: lastSeen.value, read_receipts: readReceipts.checked });
      this.#dialog.close();
      this.#app.say("Saved.");
      this.#onSaved();
    });
  }

  async #do(action) {
    this.#problem.hidden = true;
    try {
      await action();
    } catch (error) {
      this.#problem.textContent = error.message;
      this.#problem.hidden = false;
    }
  }
}
