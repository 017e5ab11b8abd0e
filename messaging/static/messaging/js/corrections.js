// Corrections of messages that are not saved yet: kept among the drafts, over a reload and while another conversation is open.

import { plainText } from "./message_view.js";

const EXCERPT = 200; // characters of the message that is corrected

export class Corrections {
  #kept;

  /** @param {import("./kept.js").Kept} kept */
  constructor(kept) {
    this.#kept = kept;
  }

  /**
   * The correction of this conversation that was changed last.
   * @returns {{message: object, text: string} | null} what a message shall say, and which one (with `isExcerpt`: of its
   *   text only the beginning)
   */
  of(key) {
    const name = this.#kept.drafted.findLast((one) => one.startsWith(nameOf(key, "")));
    return name === undefined ? null : this.#read(name);
  }

  /** Keep what a message shall say; an empty text is forgotten. */
  keep(key, message, text) {
    const { id, kind, sender_name } = message;
    const parent = { id, kind, sender_name, text: plainText(message).slice(0, EXCERPT) };
    this.#kept.keepDraft(nameOf(key, id), { text, parent });
  }

  /** Forget the correction of a message; where a text is given, only if it says this. */
  drop(key, id, text = null) {
    const name = nameOf(key, id);
    if (text === null || this.#read(name)?.text.trim() === text) this.#kept.keepDraft(name, null);
  }

  #read(name) {
    const draft = this.#kept.draft(name);
    const message = draft?.parent;
    const isWhole = Number.isInteger(message?.id) && typeof message.text === "string";
    return isWhole ? { message: { ...message, plain: message.text, isExcerpt: true }, text: draft.text } : null;
  }
}

function nameOf(key, id) {
  return `${key}/correction/${id}`;
}
