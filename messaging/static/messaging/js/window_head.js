// Above a conversation: with whom, whether they are there, who types, and what one may do with it.

import { conversationAvatar } from "./avatar.js";
import { element } from "./dom.js";
import { names } from "./marks.js";

export class WindowHead {
  #root;
  #app;
  #conversation = null;

  /** @param {HTMLElement} root made from templates/messaging/window.html */
  constructor(root, app) {
    this.#root = root;
    this.#app = app;
    this.#part("back")?.addEventListener("click", () => app.onBack());
    const act = (name, action) => this.#part(name)?.addEventListener("click", () => {
      this.#part("menu").open = false;
      action(this.#conversation);
    });
    act("mute", ({ id, muted }) => app.changeConversation(id, { muted: !muted }, muted ? "Notifications are on again." : "Muted."));
    act("archive", ({ id, archived }) => app.changeConversation(id, { archived: !archived }, archived ? "Back among the others." : "Archived."));
    closeAsMenusDo(this.#part("menu"));
    act("encryption", (conversation) => app.showEncryption(conversation));
    act("people", (conversation) => app.showPeople(conversation));
  }

  /** @param {object} conversation as in the store, or one that does not exist yet */
  show(conversation) {
    this.#conversation = conversation;
    const { store, typists, dates, me } = this.#app;
    const person = conversation.other ? store.person(conversation.other.id) ?? conversation.other : null;
    this.#replace("avatar", conversationAvatar(conversation, person));
    this.#text("title", titleOf(conversation, me));
    this.#text("status", statusOf(conversation, person, dates, me));
    this.#part("menu").hidden = !conversation.id;
    this.#text("mute", conversation.muted ? "Unmute" : "Mute");
    this.#text("archive", conversation.archived ? "Take out of the archive" : "Archive");
    if (this.#part("people")) this.#part("people").hidden = ["direct", "system"].includes(conversation.kind);
    if (this.#part("encryption")) this.#part("encryption").hidden = conversation.kind !== "direct" || !conversation.other;
    const about = this.#part("about");
    if (about) {
      about.hidden = !conversation.about_url;
      if (conversation.about_url) about.href = conversation.about_url;
    }
    this.#typingLine(typists.text(conversation.id));
  }

  #typingLine(text) {
    const line = this.#root.querySelector(".typing-line");
    line.replaceChildren(...(text ? [element("span", { class: "typing-dots", "aria-hidden": "true" },
      element("i"), element("i"), element("i")), text] : []));
  }

  #part(name) {
    return this.#root.querySelector(`[data-part="${name}"]`);
  }

  #text(name, text) {
    const part = this.#part(name);
    if (part && part.textContent !== text) part.textContent = text;
  }

  #replace(name, child) {
    const part = this.#part(name);
    if (part && !part.firstChild?.isEqualNode(child)) part.replaceChildren(child);
  }
}

/** On Escape, and on a click outside of it. */
function closeAsMenusDo(menu) {
  document.addEventListener("click", ({ target }) => {
    if (!menu.contains(target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.preventDefault();
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

/** What a conversation is called. */
export function titleOf(conversation, me) {
  if (conversation.other) return String(conversation.other.id) === String(me) ? "Notes to yourself" : conversation.other.name;
  return conversation.title || names(conversation.readers ?? []) || "Conversation";
}

function statusOf(conversation, person, dates, me) {
  if (person) return String(person.id) === String(me) ? "Only you can read this" : dates.lastSeen(person, Date.now());
  const count = conversation.participant_count;
  if (conversation.kind === "subject") return "Everybody who may see what it is about";
  return count ? `${count} ${count === 1 ? "person" : "people"}` : "";
}
