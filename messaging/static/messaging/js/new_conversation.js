// The dialog in which one begins a conversation: with one person, or with several under a name.

import { PeoplePicker } from "./people_picker.js";

export class NewConversation {
  #dialog;
  #form;
  #picker;
  #nameField;
  #problem;
  #start;
  #app;
  #onDirect;
  #onCreated;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {object} app as in conversation_window.js
   * @param {{onDirect: (person: object) => void, onCreated: (conversation: object) => void}} options
   */
  constructor(dialog, app, { onDirect, onCreated }) {
    this.#dialog = dialog;
    this.#app = app;
    this.#onDirect = onDirect;
    this.#onCreated = onCreated;
    this.#form = dialog.querySelector("form");
    this.#nameField = dialog.querySelector(".group-name");
    this.#problem = dialog.querySelector(".dialog-problem");
    this.#start = dialog.querySelector(".dialog-start");
    this.#picker = new PeoplePicker(dialog, { api: app.api, onChange: () => this.#changed() });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    dialog.querySelector(".dialog-close").addEventListener("click", () => dialog.close());
  }

  open() {
    this.#problem.hidden = true;
    this.#nameField.querySelector("input").value = "";
    this.#picker.reset();
    this.#dialog.showModal();
    this.#picker.focus();
  }

  #changed() {
    const count = this.#picker.people.length;
    this.#nameField.hidden = count < 2;
    this.#start.disabled = !count;
    this.#start.textContent = count > 1 ? `Begin with ${count} people` : "Begin";
  }

  async #submit() {
    const people = this.#picker.people;
    if (!people.length) return;
    if (people.length === 1) {
      this.#dialog.close();
      this.#onDirect(people[0]);
      return;
    }
    this.#start.disabled = true;
    try {
      const title = this.#nameField.querySelector("input").value.trim();
      const conversation = await this.#app.api.post("conversations/", { title, participants: people.map(({ id }) => id) });
      this.#dialog.close();
      this.#onCreated(conversation);
    } catch (error) {
      this.#problem.textContent = error.message;
      this.#problem.hidden = false;
    } finally {
      this.#start.disabled = false;
    }
  }
}
