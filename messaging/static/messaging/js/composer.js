// Where one writes: text that grows, files, an answer to a message, the correction of one, and a draft that survives.

import { AttachmentsTray } from "./attachments_tray.js";
import { Corrections } from "./corrections.js";
import { isTouch } from "./dom.js";
import { acceptDrops } from "./drops.js";
import { plainText } from "./message_view.js";

const MOST = 10_000; // characters of a message
const WARN = 500; // characters left from which on they are counted
const EXCERPT = 200; // characters of the message that is answered or corrected
const SPOKEN = [WARN, 100, 20, -1]; // characters left at which screen readers are told
const SAVE = 300; // milliseconds after a key until the draft is kept

export class Composer {
  #form;
  #field;
  #bar;
  #counter;
  #sendButton;
  #tray;
  #options;
  #corrections;
  #isEncrypted = false;
  #key = null;
  #parent = null; // the message that is answered
  #edited = null; // the message that is corrected
  #timer = null;
  #sendsWhenUploaded = false;
  #spoken = 0; // how many of the numbers of SPOKEN are reached

  /**
   * @param {HTMLElement} root with the form `.composer` (templates/messaging/window.html)
   * @param {{api: object, kept: import("./kept.js").Kept, maxBytes: number, say: (text: string) => void,
   *   speak: (text: string) => void,
   *   onSend: (message: {text: string, parentId: number | null, attachments: object[]}) => void,
   *   onEdit: (message: object, text: string) => void, onTyping: () => void, onStop: () => void, onUp: () => void}} options
   *   `onUp`: the arrow up was pressed in an empty field
   */
  constructor(root, options) {
    this.#options = options;
    this.#corrections = new Corrections(options.kept);
    this.#form = root.querySelector(".composer");
    this.#field = this.#form.querySelector("textarea");
    this.#bar = this.#form.querySelector(".composer-about");
    this.#counter = this.#form.querySelector(".composer-count");
    this.#sendButton = this.#form.querySelector(".composer-send");
    const { api, maxBytes, say } = options;
    this.#tray = new AttachmentsTray(this.#form.querySelector(".tray"), { api, maxBytes, say, onChange: () => this.#trayChanged() });
    this.#listen(root);
  }

  /** Write in this conversation: what was typed in the last one is kept, and a correction that was not saved is offered. */
  open(key, { isDisabled = false } = {}) {
    this.save();
    this.#key = key;
    const draft = this.#options.kept.draft(key);
    this.#parent = parentOf(draft);
    this.#edited = null;
    this.#sendsWhenUploaded = false;
    this.#field.value = draft?.text ?? "";
    this.#tray.restore(draft?.attachments);
    this.#form.hidden = isDisabled;
    this.#changed();
    const correction = this.#corrections.of(key);
    if (correction) this.#correct(correction.message, correction.text);
    if (!isDisabled && !isTouch()) this.#field.focus({ preventScroll: true });
  }

  /** A conversation has got its id: the draft goes along. */
  rename(key) {
    this.#options.kept.keepDraft(this.#key, null);
    this.#key = key;
    this.save();
  }

  reply(message) {
    this.cancel();
    this.#parent = message;
    this.#changed();
    this.save();
    this.#field.focus();
  }

  /** Correct a message; `text` is what stands in the field, if it is not that of the message. */
  edit(message, text = message.text) {
    this.save();
    this.#correct(message, text);
    this.#field.focus();
  }

  /** A correction was not saved: it is offered again, at once unless another message is being corrected. */
  offer(message, text) {
    if (!this.#edited || this.#edited.id === message.id) this.edit(message, text);
  }

  /** The correction of a message was saved: it is not offered any longer. */
  corrected(key, { id }, text) {
    this.#corrections.drop(key, id, text);
    if (this.#key === key && this.#edited?.id === id && this.#field.value.trim() === text) this.#leave();
  }

  /** Neither answer nor correct. Returns whether there was something to leave. */
  cancel() {
    if (!this.#edited && !this.#parent) return false;
    if (this.#edited) this.#corrections.drop(this.#key, this.#edited.id);
    this.#leave();
    return true;
  }

  /** Whether what is written here is sent end-to-end encrypted. Files cannot be. */
  setEncrypted(isEncrypted) {
    this.#isEncrypted = isEncrypted;
    this.#field.placeholder = isEncrypted ? "Encrypted message" : "Write a message";
    this.#form.querySelector(".composer-attach").hidden = isEncrypted;
    this.#changed();
  }

  /** Put a text back that was not sent. */
  put({ text, attachments = [], parent = null }) {
    this.cancel();
    this.#field.value = [this.#field.value, text].filter(Boolean).join("\n");
    this.#tray.restore([...this.#tray.attachments, ...attachments]);
    this.#parent = parent;
    this.#changed();
    this.save();
    this.#field.focus();
  }

  /** Keep the draft, or the correction. */
  save() {
    clearTimeout(this.#timer);
    if (this.#key === null) return;
    if (this.#edited) {
      const text = this.#field.value.slice(0, MOST);
      if (!this.#edited.isExcerpt && text === this.#edited.text) this.#corrections.drop(this.#key, this.#edited.id);
      else this.#corrections.keep(this.#key, this.#edited, text);
      return;
    }
    const parent = this.#parent ? briefly(this.#parent) : null;
    const draft = { text: this.#field.value.slice(0, MOST), parent, attachments: this.#tray.attachments };
    this.#options.kept.keepDraft(this.#key, draft);
  }

  #correct(message, text) {
    this.#edited = message;
    this.#parent = null;
    this.#field.value = text;
    this.#changed();
    this.#field.setSelectionRange(text.length, text.length);
  }

  /** Back to the draft. */
  #leave() {
    const draft = this.#edited ? this.#options.kept.draft(this.#key) : null;
    if (this.#edited) this.#field.value = draft?.text ?? "";
    this.#edited = null;
    this.#parent = parentOf(draft);
    this.#changed();
    this.save();
  }

  #addFiles(files) {
    if (this.#isEncrypted) this.#options.say("Files cannot be sent end-to-end encrypted.");
    else this.#tray.add(files);
  }

  #listen(root) {
    const { onTyping, onStop, onUp } = this.#options;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#field.addEventListener("input", () => {
      this.#changed();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.save(), SAVE);
      if (this.#edited) return;
      if (this.#field.value.trim()) onTyping();
      else onStop();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // Enter chooses a word of an input method
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.#submit();
      } else if (event.key === "Escape" && this.cancel()) event.stopPropagation();
      else if (event.key === "ArrowUp" && !this.#field.value) onUp(event);
    });
    const input = this.#form.querySelector("input[type=file]");
    this.#form.querySelector(".composer-attach").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#addFiles([...input.files]);
      input.value = "";
      this.#field.focus();
    });
    this.#form.querySelector(".composer-cancel").addEventListener("click", () => this.cancel() && this.#field.focus());
    this.#field.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.#addFiles(files);
    });
    acceptDrops(root, (files) => !this.#form.hidden && !this.#edited && this.#addFiles(files));
    addEventListener("pagehide", () => this.save());
  }

  #submit() {
    const text = this.#field.value.trim();
    if (text.length > MOST) return;
    if (this.#edited) {
      const message = this.#edited;
      if (!text) return;
      if (!message.isExcerpt && text === message.text) {
        this.cancel();
        return;
      }
      this.#corrections.keep(this.#key, message, text); // until it is saved
      this.#leave();
      this.#options.onEdit(message, text);
      return;
    }
    if (this.#tray.isUploading) {
      this.#sendsWhenUploaded = true;
      this.#changed();
      this.#options.say("The message is sent when its files are uploaded.");
      return;
    }
    const { attachments } = this.#tray;
    if (this.#tray.hasFailed) {
      this.#options.say("A file was not uploaded: try it again, or remove it.");
      return;
    }
    if (!text && !attachments.length) return;
    if (this.#isEncrypted && attachments.length) {
      this.#options.say("Files cannot be sent end-to-end encrypted: remove them, or switch encryption off.");
      return;
    }
    const parentId = this.#parent?.parent_id ?? this.#parent?.id ?? null; // answers are one level deep
    this.#field.value = "";
    this.#parent = null;
    this.#sendsWhenUploaded = false;
    this.#tray.clear();
    this.#changed();
    this.save();
    this.#options.onSend({ text, parentId, attachments });
    this.#field.focus({ preventScroll: true });
  }

  #trayChanged() {
    this.#changed();
    this.save();
    if (this.#sendsWhenUploaded && !this.#tray.isUploading) {
      this.#sendsWhenUploaded = false;
      this.#submit();
    }
  }

  #changed() {
    const left = MOST - this.#field.value.trim().length;
    this.#counter.hidden = left > WARN;
    this.#counter.textContent = left < 0 ? `${-left} characters too many` : `${left} characters left`;
    const reached = SPOKEN.filter((number) => left <= number).length;
    if (reached > this.#spoken) this.#options.speak(this.#counter.textContent);
    this.#spoken = reached;
    const isEmpty = !this.#field.value.trim() && this.#tray.isEmpty;
    this.#sendButton.disabled = isEmpty || left < 0;
    this.#sendButton.title = this.#edited ? "Save" : "Send";
    this.#sendButton.setAttribute("aria-label", this.#edited ? "Save the correction" : "Send");
    this.#form.dataset.waits = String(this.#sendsWhenUploaded);
    const about = this.#edited ?? this.#parent;
    this.#bar.hidden = !about;
    if (!about) return;
    const isInClear = this.#isEncrypted && this.#edited?.kind !== "encrypted";
    this.#bar.querySelector(".composer-about-who").textContent = !this.#edited ? `Answer to ${about.sender_name}`
      : isInClear ? "Edit your message, which is not encrypted" : "Edit your message";
    this.#bar.querySelector(".composer-about-text").textContent = plainText(about).slice(0, EXCERPT);
  }
}

/** Of a message that is answered, what a draft keeps: enough to send the answer and to show what it answers. */
function briefly(message) {
  const { id, parent_id, sender_name } = message;
  return { id, parent_id, sender_name, text: plainText(message).slice(0, EXCERPT) };
}

/** The message that a draft answers. The storage may hold anything. */
function parentOf(draft) {
  const parent = draft?.parent;
  return Number.isInteger(parent?.id) && typeof parent.text === "string" ? parent : null;
}
