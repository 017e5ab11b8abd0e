// Choosing people: a field that searches, the people found, and those who are chosen.

import { personAvatar } from "./avatar.js";
import { element, iconButton } from "./dom.js";

const DELAY = 180; // milliseconds after a key until it is searched

export class PeoplePicker {
  #field;
  #found;
  #chosenList;
  #api;
  #options;
  #chosen = new Map();
  #timer = null;
  #asked = 0;

  /**
   * @param {HTMLElement} root with the field `.picker-search`, and the lists `.picker-found` and `.picker-chosen`
   * @param {{api: object, onChange: () => void, leaveOut?: () => (number | string)[]}} options `leaveOut`: people who cannot
   *   be chosen
   */
  constructor(root, { api, ...options }) {
    this.#field = root.querySelector(".picker-search");
    this.#found = root.querySelector(".picker-found");
    this.#chosenList = root.querySelector(".picker-chosen");
    this.#api = api;
    this.#options = options;
    this.#field.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(), DELAY);
    });
    root.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @returns {{id: number | string, name: string}[]} */
  get people() {
    return [...this.#chosen.values()];
  }

  /** Begin anew. */
  reset() {
    this.#chosen.clear();
    this.#field.value = "";
    this.#showChosen();
    this.#search();
  }

  focus() {
    this.#field.focus();
  }

  async #search() {
    const number = ++this.#asked;
    try {
      const { people } = await this.#api.get("people/", { q: this.#field.value.trim() });
      if (number !== this.#asked) return; // the answer to an older question
      const left = new Set((this.#options.leaveOut?.() ?? []).map(String));
      this.#show(people.filter(({ id }) => !left.has(String(id))));
    } catch (error) {
      if (number === this.#asked) this.#found.replaceChildren(element("li", { class: "picker-none", text: error.message }));
    }
  }

  #show(people) {
    const rows = people.map((person) => element("li", {}, element("button", {
      type: "button", class: "picker-person", "aria-pressed": String(this.#chosen.has(String(person.id))), data: { id: person.id },
      on: { click: () => this.#toggle(person) },
    }, personAvatar(person, { hasDot: true }), element("span", { class: "picker-name", text: person.name }),
      element("span", { class: "picker-note", text: person.note ?? "" }))));
    this.#found.replaceChildren(...(rows.length ? rows : [element("li", { class: "picker-none", text: "Nobody is called that." })]));
  }

  #toggle(person) {
    const key = String(person.id);
    if (!this.#chosen.delete(key)) this.#chosen.set(key, person);
    for (const button of this.#found.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(this.#chosen.has(button.dataset.id)));
    }
    this.#showChosen();
  }

  #showChosen() {
    this.#chosenList.replaceChildren(...this.people.map((person) => element("li", { class: "chip" }, person.name,
      iconButton("close", `Take ${person.name} out`, () => {
        this.#toggle(person);
        this.focus();
      }))));
    this.#chosenList.hidden = !this.#chosen.size;
    this.#options.onChange();
  }

  #onKey(event) {
    const buttons = [...this.#found.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    if (at < 0 && document.activeElement !== this.#field) return;
    const next = { ArrowDown: buttons[at + 1], ArrowUp: at <= 0 ? this.#field : buttons[at - 1] }[event.key];
    if (event.key === "Enter" && document.activeElement === this.#field) {
      event.preventDefault();
      if (this.#field.value.trim()) buttons[0]?.click();
    } else if (next) {
      event.preventDefault();
      next.focus();
    }
  }
}
