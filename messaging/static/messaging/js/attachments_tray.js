// The files that will be sent with the next message: chosen, dropped or pasted, uploaded at once, with what became of each.

import { sizeText } from "./attachment_view.js";
import { element, icon, iconButton } from "./dom.js";

const MOST = 10; // files of one message
const PREVIEW = 96; // pixels

export class AttachmentsTray {
  #list;
  #api;
  #maxBytes;
  #onChange;
  #say;
  #files = [];

  /**
   * @param {HTMLElement} list where the files are shown
   * @param {{api: object, maxBytes: number, onChange: () => void, say: (text: string) => void}} options `say` announces
   *   something to the user
   */
  constructor(list, { api, maxBytes, onChange, say }) {
    this.#list = list;
    this.#api = api;
    this.#maxBytes = maxBytes;
    this.#onChange = onChange;
    this.#say = say;
  }

  /** The files that have been uploaded, as the server describes them. */
  get attachments() {
    return this.#files.filter(({ attachment }) => attachment).map(({ attachment }) => attachment);
  }

  get isEmpty() {
    return !this.#files.length;
  }

  get isUploading() {
    return this.#files.some(({ state }) => state === "uploading");
  }

  get hasFailed() {
    return this.#files.some(({ state }) => state === "failed");
  }

  /** Upload files. What cannot be sent is said, and left out. */
  add(files) {
    for (const file of files) {
      if (this.#files.length >= MOST) this.#say(`No more than ${MOST} files go with one message.`);
      else if (file.size > this.#maxBytes) this.#say(`“${file.name}” is larger than ${sizeText(this.#maxBytes)}.`);
      else if (!file.size) this.#say(`“${file.name}” is empty.`);
      else this.#add(file);
    }
  }

  /** Show files that were uploaded before: of a draft. */
  restore(attachments = []) {
    this.clear();
    this.#files = attachments.map((attachment) => ({ name: attachment.name, size: attachment.size, state: "done", attachment }));
    for (const one of this.#files) this.#show(one);
  }

  /** Remove all; uploads that go on are ended. */
  clear() {
    for (const { abort } of this.#files) abort?.abort();
    this.#files = [];
    this.#list.replaceChildren();
    this.#list.hidden = true;
  }

  #add(file) {
    const one = { name: file.name || "Picture", size: file.size, file, state: "uploading" };
    this.#files.push(one);
    this.#show(one);
    if (file.type.startsWith("image/")) preview(file).then((picture) => picture && one.icon?.replaceWith(picture));
    this.#upload(one);
  }

  async #upload(one) {
    one.abort = new AbortController();
    this.#set(one, "uploading", 0);
    try {
      const onProgress = (share) => this.#set(one, "uploading", share);
      one.attachment = await this.#api.upload("attachments/", one.file, { onProgress, signal: one.abort.signal });
      this.#set(one, "done", 1);
    } catch (error) {
      if (one.abort.signal.aborted) return;
      this.#set(one, "failed", 0, error);
      this.#say(`“${one.name}” was not uploaded. ${error.message}`);
    }
    this.#onChange();
  }

  #show(one) {
    one.icon = icon("file");
    one.bar = element("progress", { max: 1, value: 0, "aria-label": `Uploading ${one.name}` });
    one.note = element("span", { class: "file-note", text: sizeText(one.size) });
    one.again = element("button", { type: "button", class: "text-button", text: "Try again", hidden: true, on: { click: () => this.#upload(one) } });
    const text = element("span", { class: "file-text" }, element("span", { class: "file-name", text: one.name }), one.note, one.bar);
    one.element = element("li", { class: "tray-file", data: { state: one.state } }, one.icon, text, one.again,
      iconButton("close", `Remove ${one.name}`, () => this.#remove(one)));
    one.bar.hidden = one.state === "done";
    this.#list.append(one.element);
    this.#list.hidden = false;
    this.#onChange();
  }

  #set(one, state, share, problem) {
    Object.assign(one, { state });
    one.element.dataset.state = state;
    one.bar.hidden = state !== "uploading";
    one.bar.value = share;
    one.again.hidden = state !== "failed" || problem.isFinal;
    one.note.textContent = problem?.message ?? (state === "uploading" ? `${Math.round(100 * share)} % of ${sizeText(one.size)}` : sizeText(one.size));
  }

  #remove(one) {
    one.abort?.abort();
    this.#files = this.#files.filter((other) => other !== one);
    one.element.remove();
    this.#list.hidden = !this.#files.length;
    this.#onChange();
  }
}

/** A small copy as data: the site's policy lets pages show no blobs. Null where it cannot be read. */
async function preview(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.max(PREVIEW / picture.width, PREVIEW / picture.height);
    const canvas = element("canvas", { width: PREVIEW, height: PREVIEW });
    const [width, height] = [picture.width * scale, picture.height * scale];
    canvas.getContext("2d").drawImage(picture, (PREVIEW - width) / 2, (PREVIEW - height) / 2, width, height);
    picture.close();
    canvas.className = "tray-preview";
    canvas.setAttribute("aria-hidden", "true");
    return canvas;
  } catch {
    return null;
  }
}
