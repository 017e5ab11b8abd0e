// The round sign of a person or of a conversation: initials on a colour that stays the same.

import { element, icon } from "./dom.js";

const TONES = 6; // in static/messaging/css/parts.css

/** "Maria Teresa Villanueva" is MV. */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0]).join("").toUpperCase() || "?";
}

function toneOf(id) {
  let sum = 0;
  for (const character of String(id)) sum = (sum * 31 + character.codePointAt(0)) % 997;
  return sum % TONES;
}

/** Of a person: `{id, name}`; with `person.is_online` it has a dot. */
export function personAvatar({ id, name, is_online: isOnline }, { hasDot = false } = {}) {
  const dot = hasDot ? element("span", { class: "presence-dot", data: { online: String(Boolean(isOnline)) } }) : null;
  return element("span", { class: "avatar", "aria-hidden": "true", data: { tone: toneOf(id) } }, initials(name ?? ""), dot);
}

/** Of a conversation: that of the other person, or a sign for several. */
export function conversationAvatar(conversation, person) {
  if (conversation.other) return personAvatar({ ...conversation.other, ...person }, { hasDot: true });
  const sign = { support: "help", system: "bell", subject: "building" }[conversation.kind] ?? "people";
  return element("span", { class: "avatar", "aria-hidden": "true", data: { tone: toneOf(`c${conversation.id}`) } }, icon(sign));
}
