// What events do to what the page knows. Each may come a second time, and some come for what was read later.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../../messaging/static/messaging/js/store.js";

const message = (id, more = {}) => ({
  id, seq: id, conversation_id: 1, kind: "text", sender_id: 9, sender_name: "Ana", text: `Text ${id}`, parent_id: null,
  thread_count: 0, client_id: null, sent_at: `2026-11-30T08:00:${String(id).padStart(2, "0")}+08:00`, edited_at: null,
  deleted_at: null, attachments: [], reactions: {}, ...more,
});
const created = (one) => ({ id: 100 + one.id, type: "message_created", at: one.sent_at, conversation_id: 1, message: one });

/** A page with one conversation, whose messages up to `newest` are loaded. */
function page({ newest = 3, unread = 0, isReading = false, ...more } = {}) {
  const told = [];
  const store = new Store({ me: "7", isReading: () => isReading });
  for (const type of ["arrived", "outdated"]) store.addEventListener(type, ({ detail }) => told.push([type, detail.id]));
  const last = message(newest);
  store.putConversations([{ id: 1, kind: "direct", unread, last_message: last, last_seq: newest, other: { id: 9, name: "Ana" }, ...more }]);
  store.thread(1).reset([1, 2, 3].map((id) => message(id)), false);
  return { store, told, ids: () => store.thread(1).messages.map(({ id }) => id) };
}

test("a message is added once, counted once, and becomes the preview", () => {
  const { store, told, ids } = page();
  for (let times = 0; times < 2; times += 1) store.apply(created(message(4)));
  assert.deepEqual(ids(), [1, 2, 3, 4]);
  const { unread, last_message: last } = store.conversation(1);
  assert.deepEqual([unread, last.text, told], [1, "Text 4", [["arrived", 1]]]);
});

test("an event from before the list was read counts nothing", () => {
  const { store, told } = page({ newest: 5, unread: 2 });
  store.apply(created(message(5)));
  assert.deepEqual([store.conversation(1).unread, told], [2, []]);
});

test("what one is reading, and what one wrote oneself, is not unread", () => {
  const reading = page({ isReading: true });
  reading.store.apply(created(message(4)));
  assert.equal(reading.store.conversation(1).unread, 0);
  const own = page();
  own.store.apply(created(message(4, { sender_id: 7 })));
  assert.deepEqual([own.store.conversation(1).unread, own.told], [0, []]);
});

test("a message of a conversation that is not known yet asks for it", () => {
  const { store, told } = page();
  store.apply({ ...created(message(4, { conversation_id: 2 })), conversation_id: 2 });
  assert.deepEqual(told, [["outdated", 2], ["arrived", 2]]);
});

test("an edit and a deletion change what is shown", () => {
  const { store, told } = page();
  store.apply({ id: 1, type: "message_edited", conversation_id: 1, message: message(3, { text: "Better" }) });
  assert.deepEqual([store.thread(1).get(3).text, store.conversation(1).last_message.text], ["Better", "Better"]);
  store.apply({ id: 2, type: "message_deleted", at: "2026-11-30T09:00:00+08:00", conversation_id: 1, message_id: 3 });
  assert.deepEqual([store.thread(1).get(3).text, store.thread(1).get(3).deleted_at], ["", "2026-11-30T09:00:00+08:00"]);
  assert.deepEqual(told, [["outdated", 1]]); // what the newest one is now, the server knows
});

test("receipts only move forward", () => {
  const { store } = page();
  const delivered = (at) => ({ type: "message_delivered", conversation_id: 1, person_id: 9, message_ids: [3], delivered_at: at });
  store.apply(delivered("first"));
  store.apply(delivered("second"));
  assert.equal(store.thread(1).get(3).delivered_at, "first");
  const read = (at) => ({ type: "message_read", conversation_id: 1, person_id: 9, up_to_id: 3, message_ids: [3], read_at: at });
  store.apply(read("first"));
  store.apply(read("second"));
  assert.deepEqual([store.thread(1).get(3).read_at, store.thread(1).get(2).read_at], ["first", undefined]);
});

test("what one reads on another device is read here", () => {
  const { store, told } = page({ unread: 3 });
  const read = (upTo) => ({ type: "message_read", conversation_id: 1, person_id: 7, up_to_id: upTo, message_ids: [], read_at: "x" });
  store.apply(read(2));
  assert.deepEqual([store.conversation(1).unread, told], [3, [["outdated", 1]]]); // how many are left, the server knows
  store.apply(read(3));
  assert.equal(store.conversation(1).unread, 0);
});

test("in a larger conversation it is known how far each has read", () => {
  const { store } = page({ kind: "group", other: null, readers: [{ id: 9, name: "Ana", read_seq: 1 }] });
  for (const upTo of [3, 2]) {
    store.apply({ type: "message_read", conversation_id: 1, person_id: 9, up_to_id: upTo, message_ids: [], read_at: "x" });
  }
  assert.equal(store.conversation(1).readers[0].read_id, 3);
});

test("a reaction is added once, and taken back", () => {
  const { store } = page();
  const react = (person, added) => store.apply({
    type: "reaction_changed", conversation_id: 1, message_id: 2, person_id: person, emoji: "👍", added, counts: {},
  });
  for (const person of [9, 7, 9]) react(person, true);
  assert.deepEqual(new Set(store.thread(1).get(2).reactions["👍"]), new Set([7, 9]));
  for (const person of [9, 7]) react(person, false);
  assert.deepEqual(store.thread(1).get(2).reactions, {});
});

test("a message from before the first that is loaded leaves no gap behind it", () => {
  const { store, ids } = page();
  store.thread(1).reset([message(10), message(11)], true);
  store.apply(created(message(4)));
  assert.deepEqual(ids(), [10, 11]);
  store.thread(1).prepend([message(8), message(9)], true);
  assert.deepEqual(ids(), [8, 9, 10, 11]);
});

test("an answer that was on its way while a message came does not take it back", () => {
  const { store, ids } = page();
  store.apply(created(message(4)));
  store.putConversations([{ id: 1, kind: "direct", unread: 0, last_message: message(3), last_seq: 3, muted: true }]);
  const { unread, last_message: last, muted } = store.conversation(1);
  assert.deepEqual([unread, last.id, muted], [1, 4, true]);
  store.thread(1).reset([1, 2, 3].map((id) => message(id)), false);
  assert.deepEqual(ids(), [1, 2, 3, 4]);
  // After the newest one was deleted an older one is shown, which is no old answer.
  store.putConversations([{ id: 1, kind: "direct", unread: 0, last_message: message(3), last_seq: 4 }]);
  assert.equal(store.conversation(1).last_message.id, 3);
});

test("a message that comes while the history is on its way is in it, and so is what happens to others", async () => {
  const { store, told } = page();
  const two = store.thread(2);
  store.putConversations([{ id: 2, kind: "direct", unread: 0, last_message: null, last_seq: 1, other: { id: 9, name: "Ana" } }]);
  let answer;
  const loading = store.load(2, () => new Promise((resolve) => (answer = resolve)));
  const of = (id, more = {}) => message(id, { conversation_id: 2, ...more });
  store.apply({ ...created(of(2)), conversation_id: 2 });
  store.apply({ id: 1, type: "message_edited", conversation_id: 2, message: of(1, { text: "Better" }) });
  answer({ messages: [of(1)], has_more: false });
  await loading;
  assert.deepEqual(two.messages.map(({ id, text }) => [id, text]), [[1, "Better"], [2, "Text 2"]]);
  assert.deepEqual([store.conversation(2).unread, told], [1, [["arrived", 2]]]);
});

test("a history that cannot be read leaves what was there", async () => {
  const { store, ids } = page();
  await assert.rejects(store.load(1, () => Promise.reject(new Error("Away."))), /Away/);
  store.apply(created(message(4)));
  assert.deepEqual(ids(), [1, 2, 3, 4]);
});

test("how far one has read is known when one returns", () => {
  const { store } = page({ unread: 1, read_seq: 2 });
  store.apply({ type: "message_read", conversation_id: 1, person_id: 7, up_to_id: 3, message_ids: [], read_at: "x" });
  assert.deepEqual([store.conversation(1).unread, store.conversation(1).read_seq], [0, 3]);
  store.markRead(1, 2);
  assert.equal(store.conversation(1).read_seq, 3);
});

test("a message that is heard of after one's own newer one is unread and announced", () => {
  const { store, told, ids } = page();
  store.putMessage(message(5, { sender_id: 7 }));
  store.apply(created(message(4)));
  store.apply(created(message(5, { sender_id: 7 })));
  assert.deepEqual(ids(), [1, 2, 3, 4, 5]);
  const { unread, last_message: last } = store.conversation(1);
  assert.deepEqual([unread, last.id, told], [1, 5, [["arrived", 1]]]);
});

test("each answer is counted once, one's own as well", () => {
  const { store } = page();
  const count = () => store.thread(1).get(3).thread_count;
  const own = message(4, { sender_id: 7, parent_id: 3 });
  store.putMessage(own);
  store.apply(created(own));
  assert.equal(count(), 1);
  for (let times = 0; times < 2; times += 1) store.apply(created(message(5, { parent_id: 3 })));
  assert.equal(count(), 2);
  store.thread(1).reset([1, 2, 3].map((id) => message(id)), false); // read before both
  assert.equal(count(), 2);
});

test("of a very long conversation the newest messages are held", () => {
  const { store, ids } = page();
  for (let id = 4; id <= 650; id += 1) store.apply(created(message(id)));
  assert.deepEqual([ids().length, ids()[0], ids().at(-1), store.thread(1).hasOlder], [600, 51, 650, true]);
});

test("after a reset only what is read anew is known, and the conversation that is open", () => {
  const { store } = page();
  const other = (id) => ({ id, kind: "group", title: `${id}`, unread: 0, last_message: null, last_seq: 0 });
  store.putConversations([other(2), other(3)]);
  store.clearConversations(3);
  assert.deepEqual(store.conversations.map(({ id }) => id), [3]);
});

/** The older page of the conversation is on its way; `answer` brings it. */
function loadingOlder() {
  const made = page();
  made.store.thread(1).reset([message(10), message(11)], true);
  let answer;
  const asked = [];
  const loading = made.store.loadOlder(1, (before) => {
    asked.push(before);
    return new Promise((resolve) => (answer = resolve));
  });
  return { ...made, asked, loading, answer: (...args) => answer(...args) };
}

test("what happens to older messages while they are on their way is applied to them", async () => {
  const { store, asked, loading, answer, ids } = loadingOlder();
  store.apply({ id: 1, type: "message_edited", conversation_id: 1, message: message(7, { text: "Better" }) });
  store.apply({ id: 2, type: "message_deleted", at: "2026-11-30T09:00:00+08:00", conversation_id: 1, message_id: 8 });
  store.apply({
    id: 3, type: "reaction_changed", conversation_id: 1, message_id: 9, person_id: 9, emoji: "👍", added: true, counts: {},
  });
  store.apply({ id: 4, type: "message_read", conversation_id: 1, person_id: 9, up_to_id: 9, message_ids: [9], read_at: "now" });
  store.apply(created(message(12, { parent_id: 9 })));
  answer({ messages: [7, 8, 9].map((id) => message(id)), has_more: true });
  await loading;
  assert.deepEqual([asked, ids()], [[10], [7, 8, 9, 10, 11, 12]]);
  const [edited, deleted, liked] = store.thread(1).messages;
  assert.equal(edited.text, "Better");
  assert.deepEqual([deleted.text, deleted.deleted_at], ["", "2026-11-30T09:00:00+08:00"]);
  assert.deepEqual([liked.reactions, liked.read_at, liked.thread_count], [{ "👍": [9] }, "now", 1]);
});

test("an older page does not follow what was read anew meanwhile", async () => {
  const { store, loading, answer, ids } = loadingOlder();
  store.thread(1).reset([message(10), message(11)], true); // events were missed: the older page may lack them, too
  answer({ messages: [message(9)], has_more: false });
  await loading;
  assert.deepEqual([ids(), store.thread(1).hasOlder], [[10, 11], true]);
});

test("what happens to older messages is not asked for a second time", async () => {
  const { store, told, loading, answer } = loadingOlder();
  store.apply({ type: "participants_changed", conversation_id: 1 });
  answer({ messages: [message(9)], has_more: false });
  await loading;
  assert.deepEqual(told, [["outdated", 1]]);
});

test("an answer that is deleted is counted no longer", () => {
  const { store } = page();
  store.apply(created(message(4, { parent_id: 3 })));
  assert.equal(store.thread(1).get(3).thread_count, 1);
  store.apply({ id: 2, type: "message_deleted", at: "2026-11-30T09:00:00+08:00", conversation_id: 1, message_id: 4 });
  assert.equal(store.thread(1).get(3).thread_count, 0);
});
