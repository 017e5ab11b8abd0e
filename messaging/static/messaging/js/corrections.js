// Corrections of messages that are not saved yet: kept over a reload and while another conversation is open. One for each
// conversation, among the drafts.

import { plainText } from "./message_view.js";

const EXCERPT = 200; // characters of the message that is corrected

export class Corrections {
  #kept;

  /** @param {import("./kept.js").Kept} kept */
  constructor(kept) {
    this.#kept = kept;
  }

  /** @returns {{message: object, text: string} | null} of this conversation: what it shall say, and which message
   *   (with `isExcerpt`: of its text only the beginning) */
  of(key) {
    const draft = this.#kept.draft(nameOf(key));
    const message = draft?.parent;
    return Number.isInteger(message?.id) && typeof message.text === "string" ? { message: { ...message, isExcerpt: true }, text: draft.text } : null;
  }

  /** Keep what a message shall say; an empty text is forgotten. */
  keep(key, message, text) {
    const { id, kind, sender_name } = message;
    this.#kept.keepDraft(nameOf(key), { text, parent: { id, kind, sender_name, text: plainText(message).slice(0, EXCERPT) } });
  }

  /** Forget the correction of this conversation. `id` and `text`: only if it is the one of this message, and says this. */
  drop(key, { id, text } = {}) {
    const kept = this.of(key);
    if (id !== undefined && (kept?.message.id !== id || kept.text.trim() !== text)) return;
    this.#kept.keepDraft(nameOf(key), null);
  }
}

function nameOf(key) {
  return `${key}/correction`;
}
