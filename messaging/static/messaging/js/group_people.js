// The dialog of those who take part in a conversation: who they are, adding some, taking one out, leaving.

import { personAvatar } from "./avatar.js";
import { element } from "./dom.js";
import { PeoplePicker } from "./people_picker.js";

const ROLES = { admin: "Admin", moderator: "Moderator", readonly: "Reads only" };

export class GroupPeople {
  #dialog;
  #list;
  #picker;
  #adding;
  #addButton;
  #leaveButton;
  #problem;
  #app;
  #conversation = null;
  #people = [];

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog, app) {
    this.#dialog = dialog;
    this.#app = app;
    this.#list = dialog.querySelector(".group-people");
    this.#adding = dialog.querySelector(".group-add");
    this.#addButton = dialog.querySelector(".group-add-button");
    this.#leaveButton = dialog.querySelector(".group-leave");
    this.#problem = dialog.querySelector(".dialog-problem");
    this.#picker = new PeoplePicker(this.#adding, {
      api: app.api,
      leaveOut: () => this.#people.map(({ id }) => id),
      onChange: () => {
        this.#addButton.disabled = !this.#picker.people.length;
      },
    });
    this.#addButton.addEventListener("click", () => this.#do(() => this.#app.api.post(this.#path, { people: this.#picker.people.map(({ id }) => id) })));
    this.#leaveButton.addEventListener("click", () => this.#leave());
    dialog.querySelector(".dialog-close").addEventListener("click", () => dialog.close());
  }

  async open(conversation) {
    this.#conversation = conversation;
    this.#people = [];
    this.#list.replaceChildren();
    this.#adding.hidden = !conversation.may_manage;
    this.#leaveButton.hidden = conversation.kind !== "group";
    this.#dialog.showModal();
    await this.#do(null);
  }

  get #path() {
    return `conversations/${this.#conversation.id}/people/`;
  }

  async #do(request) {
    this.#problem.hidden = true;
    try {
      await request?.();
      const { people } = await this.#app.api.get(this.#path);
      this.#people = people;
      this.#show();
      if (!this.#adding.hidden) this.#picker.reset();
    } catch (error) {
      this.#problem.textContent = error.message;
      this.#problem.hidden = false;
    }
  }

  #show() {
    this.#list.replaceChildren(...this.#people.map((person) => {
      const isMe = String(person.id) === String(this.#app.me);
      const remove = this.#conversation.may_manage && !isMe ? element("button", {
        type: "button", class: "text-button", text: "Take out", "aria-label": `Take ${person.name} out`,
        on: { click: () => this.#do(() => this.#app.api.delete(`${this.#path}${person.id}/`)) },
      }) : null;
      return element("li", {}, personAvatar(person, { hasDot: true }),
        element("span", { class: "picker-name", text: isMe ? `${person.name} (you)` : person.name }),
        element("span", { class: "picker-note", text: ROLES[person.role] ?? "" }), remove);
    }));
  }

  async #leave() {
    this.#dialog.close();
    const { id } = this.#conversation;
    if (await this.#app.confirm("Leave this conversation?", "You no longer get its messages.", "Leave")) await this.#app.leave(id);
  }
}
