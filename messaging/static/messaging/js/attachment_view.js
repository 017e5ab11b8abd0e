// The files of a message: pictures as thumbnails, anything else as a card with name and size.

import { element, icon } from "./dom.js";

const UNITS = ["bytes", "KB", "MB", "GB"];
const WORDS = {
  pending: "Being checked: it can be opened in a moment",
  refused: "Removed: the check found something harmful",
  missing: "No longer there",
};

/** "1.4 MB" */
export function sizeText(bytes) {
  let [size, unit] = [bytes, 0];
  while (size >= 1000 && unit < UNITS.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${unit && size < 10 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

/** @param {object[]} attachments as in a message's JSON */
export function attachmentsElement(attachments) {
  if (!attachments?.length) return null;
  return element("ul", { class: "attachments", "aria-label": "Files" }, ...attachments.map(attachmentElement));
}

function attachmentElement(attachment) {
  const { name, size, url, thumbnail_url: thumbnail, state } = attachment;
  if (!url || WORDS[state]) {
    return element("li", { class: "file-card is-unavailable" }, icon("file"), texts(name, WORDS[state] ?? WORDS.missing));
  }
  const target = { href: url, target: "_blank", rel: "noopener" };
  if (thumbnail) {
    const picture = element("img", { class: "thumbnail", src: thumbnail, alt: name, loading: "lazy", decoding: "async" });
    return element("li", {}, element("a", { class: "picture", title: `${name}, ${sizeText(size)}`, ...target }, picture));
  }
  return element("li", {}, element("a", { class: "file-card", ...target }, icon("file"), texts(name, sizeText(size))));
}

function texts(name, note) {
  const small = element("span", { class: "file-note", text: note });
  return element("span", { class: "file-text" }, element("span", { class: "file-name", text: name }), small);
}
