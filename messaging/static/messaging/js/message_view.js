// One message as an element: who, what, when, and what became of it.

import { attachmentsElement } from "./attachment_view.js";
import { personAvatar } from "./avatar.js";
import { element, icon } from "./dom.js";
import { piecesOf } from "./links.js";
import { mark, markOf } from "./marks.js";

const ENCRYPTED = "[Encrypted message]"; // where nothing decrypts it

/**
 * @param {object} row of rows.js, of kind "message"
 * @param {{conversation: object, me: number | string, dates: object, parent: object | null,
 *   nameOf: (id: number | string) => string, actions: object}} context `parent` is the message that this one answers
 */
export function messageElement({ message, isFirst, isLast }, { conversation, me, dates, parent, nameOf, actions }) {
  const isOwn = String(message.sender_id) === String(me);
  if (message.kind === "system") return systemElement(message);
  const isGone = Boolean(message.deleted_at);
  const bubble = element("div", { class: "bubble" },
    message.parent_id ? quote(parent, () => actions.jump(message.parent_id)) : null,
    isGone ? element("p", { class: "tombstone" }, icon("trash"), "This message was deleted") : textElement(message),
    isGone ? null : attachmentsElement(message.attachments),
    meta(message, isOwn && !isGone ? markOf(message, conversation) : null, dates),
  );
  const sender = message.sender_name || "Somebody";
  return shell({ isOwn, isFirst, isLast, id: message.id, tabIndex: -1, label: isOwn ? "You" : sender },
    !isOwn && isFirst && conversation.kind !== "direct"
      ? [personAvatar({ id: message.sender_id, name: sender }), element("p", { class: "sender", text: sender })] : [],
    [bubble, reactions(message, { me, nameOf, actions }), replies(message)]);
}

/** A message on its way. */
export function itemElement({ item, isFirst, isLast }, { dates, parent, actions }) {
  const message = { text: item.text, plain: item.text, kind: item.isEncrypted ? "encrypted" : "text", sent_at: item.at };
  const files = item.attachments.map((file) => ({ ...file, thumbnail_url: null })); // there may be no connection
  const bubble = element("div", { class: "bubble" },
    item.parentId ? quote(parent, () => actions.jump(item.parentId)) : null,
    textElement(message), attachmentsElement(files), meta(message, mark(item.state), dates));
  const failed = item.state !== "failed" ? null : element("div", { class: "not-sent", role: "alert" },
    element("span", {}, icon("alert"), `Not sent. ${item.error ?? ""}`),
    element("button", { type: "button", class: "text-button", text: "Try again", on: { click: () => actions.retry(item.clientId) } }),
    element("button", { type: "button", class: "text-button", text: "Edit", on: { click: () => actions.takeBack(item.clientId) } }),
    element("button", { type: "button", class: "text-button", text: "Remove", on: { click: () => actions.discard(item.clientId) } }));
  return shell({ isOwn: true, isFirst, isLast, state: item.state, label: "You" }, [], [bubble, failed]);
}

/** The words of a message without its form: for previews and announcements. */
export function plainText({ kind, text, plain, deleted_at: deletedAt, deleted, attachments }) {
  if (deletedAt || deleted) return "Message deleted";
  if (text) return kind === "encrypted" ? plain ?? ENCRYPTED : text;
  const count = Array.isArray(attachments) ? attachments.length : (attachments ?? 0);
  if (!count) return "";
  return count === 1 ? "A file" : `${count} files`;
}

/** What is said of a new message elsewhere: by a screen reader, or on another page. */
export function announcement(message) {
  return `${message.sender_name}: ${plainText(message).slice(0, 200)}`;
}

function shell({ isOwn, isFirst, isLast, id, state, tabIndex, label }, before, children) {
  const classes = ["chat-message", isOwn ? "own" : "other", isFirst ? "is-first" : "", isLast ? "is-last" : ""];
  const parts = children.filter(Boolean);
  return element("li", { class: classes.filter(Boolean).join(" "), data: { id, state }, tabIndex },
    element("span", { class: "visually-hidden", text: `${label}: ` }), ...before, element("div", { class: "message-body" }, ...parts));
}

function systemElement(message) {
  return element("li", { class: "system-message", data: { id: message.id }, text: message.text });
}

function textElement({ kind, text, html, plain, problem }) {
  if (kind === "encrypted" && text) {
    if (plain !== undefined) return textElement({ text: plain });
    return element("p", { class: "message-text tombstone" }, icon("lock"), problem ? `Encrypted. ${problem}` : "Decrypting…");
  }
  if (html) {
    const box = element("div", { class: "message-text rich" });
    box.innerHTML = html; // sanitised by the server
    return box;
  }
  if (!text) return null;
  return element("p", { class: "message-text" }, ...piecesOf(text).map((piece) =>
    piece.href ? element("a", { href: piece.href, target: "_blank", rel: "noopener noreferrer", text: piece.text }) : piece.text));
}

function quote(parent, jump) {
  const text = parent ? plainText(parent) : "An earlier message";
  return element("button", { type: "button", class: "quote", title: "Show the message that this answers", on: { click: jump } },
    element("span", { class: "quote-who", text: parent?.sender_name ?? "Answer to" }),
    element("span", { class: "quote-text", text: text.slice(0, 200) }));
}

function meta(message, mark, dates) {
  const sent = new Date(message.sent_at);
  const edited = message.edited_at && !message.deleted_at
    ? element("span", { class: "edited", text: "edited", title: `Edited ${dates.full(message.edited_at)}` }) : null;
  const lock = message.kind === "encrypted" && !message.deleted_at
    ? element("span", { class: "lock", title: "End-to-end encrypted" }, icon("lock"),
      element("span", { class: "visually-hidden", text: "End-to-end encrypted" })) : null;
  return element("p", { class: "meta" }, lock, edited,
    element("time", { dateTime: sent.toISOString(), title: dates.full(sent), text: dates.time(sent) }),
    mark ? markElement(mark) : null);
}

function markElement({ state, sign, label }) {
  return element("span", { class: "mark", data: { state }, title: label }, icon(sign),
    element("span", { class: "visually-hidden", text: label }));
}

function reactions({ id, reactions: given, deleted_at: deletedAt }, { me, nameOf, actions }) {
  const all = Object.entries(given ?? {}).filter(([, people]) => people.length);
  if (!all.length || deletedAt) return null;
  const buttons = all.map(([emoji, people]) => {
    const isMine = people.some((person) => String(person) === String(me));
    const who = people.slice(0, 20).map(nameOf).join(", ");
    return element("li", {}, element("button", {
      type: "button", class: "reaction", title: who, "aria-pressed": String(isMine), "aria-label": `${emoji}: ${who}`,
      on: { click: () => actions.react(id, emoji, !isMine) },
    }, emoji, element("span", { class: "reaction-count", text: people.length })));
  });
  return element("ul", { class: "reactions", "aria-label": "Reactions" }, ...buttons);
}

function replies({ thread_count: count, deleted_at: deletedAt }) {
  if (!count || deletedAt) return null;
  return element("p", { class: "reply-count" }, icon("reply"), `${count} ${count === 1 ? "answer" : "answers"}`);
}
