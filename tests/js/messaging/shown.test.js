// How a conversation is shown: days in the office's time zone, the line above what is new, marks, links, who types.

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Arrivals } from "../../../messaging/static/messaging/js/arrivals.js";
import { officeDates } from "../../../messaging/static/messaging/js/dates.js";
import { piecesOf } from "../../../messaging/static/messaging/js/links.js";
import { markOf, names } from "../../../messaging/static/messaging/js/marks.js";
import { rightsOf } from "../../../messaging/static/messaging/js/rights.js";
import { rowsOf } from "../../../messaging/static/messaging/js/rows.js";
import { TypingTeller, Typists } from "../../../messaging/static/messaging/js/typing.js";
import { TOPICS, topicOf } from "../../../realtime/static/realtime/js/wire/frames.js";

const dates = officeDates("Asia/Manila");
const NOW = Date.parse("2026-11-30T01:00:00+08:00");
const message = (id, sentAt, more = {}) => ({ id, seq: id, kind: "text", sender_id: 9, sent_at: sentAt, parent_id: null, ...more });
const rows = (messages, options = {}) => rowsOf(messages, { me: 7, dayKey: dates.dayKey, ...options });
const kinds = (all) => all.map(({ kind, message: one, item }) => one?.id ?? item?.clientId ?? kind);

test("days are those of the office, wherever the browser is", () => {
  const late = message(1, "2026-11-29T15:59:00Z"); // 11:59 PM in Manila
  const early = message(2, "2026-11-29T16:01:00Z");
  assert.deepEqual(kinds(rows([late, early])), ["day", 1, "day", 2]);
  assert.deepEqual([late, early].map(({ sent_at: at }) => dates.dayHeading(at, NOW)), ["Yesterday", "Today"]);
  assert.equal(dates.dayHeading("2026-11-25T02:00:00Z", NOW), "Wednesday, November 25");
  assert.equal(dates.dayHeading("2025-11-25T02:00:00Z", NOW), "November 25, 2025");
  assert.equal(dates.time("2026-11-29T16:01:00Z"), "12:01 AM");
  assert.equal(dates.brief("2026-11-25T02:00:00Z", NOW), "Wednesday");
  assert.equal(dates.lastSeen({ is_online: false, last_seen: "2026-11-29T16:01:00Z" }, NOW), "Last seen at 12:01 AM");
});

test("the line of what is new is above the first message of somebody else that is unread", () => {
  const all = [1, 2, 3, 4].map((id) => message(id, "2026-11-30T08:00:00+08:00", { sender_id: id === 3 ? 7 : 9 }));
  assert.deepEqual(kinds(rows(all, { unreadAfter: 1 })), ["day", 1, "unread", 2, 3, 4]);
  assert.deepEqual(kinds(rows(all, { unreadAfter: 2 })), ["day", 1, 2, 3, "unread", 4]);
  assert.deepEqual(kinds(rows(all)), ["day", 1, 2, 3, 4]);
});

test("messages of one person within five minutes stand together", () => {
  const all = [message(1, "2026-11-30T08:00:00Z"), message(2, "2026-11-30T08:04:00Z"), message(3, "2026-11-30T08:10:00Z")];
  const ends = rows(all).slice(1).map(({ isFirst, isLast }) => [isFirst, isLast]);
  assert.deepEqual(ends, [[true, false], [false, true], [true, true]]);
});

test("a message keeps its place in the page when it has been sent", () => {
  const item = { clientId: "abc", at: Date.parse("2026-11-30T08:00:00Z"), text: "x", attachments: [] };
  const sent = message(5, "2026-11-30T08:00:00Z", { sender_id: 7, client_id: "abc" });
  assert.equal(rows([], { items: [item] }).at(-1).key, rows([sent]).at(-1).key);
});

test("the marks of one's own message", () => {
  assert.equal(markOf({ id: 1, seq: 1 }).state, "sent");
  assert.equal(markOf({ id: 1, seq: 1, delivered_at: "x" }).state, "delivered");
  assert.equal(markOf({ id: 1, seq: 1, delivered_at: "x", read_at: "x" }).label, "Read");
  const readers = [{ id: 1, name: "Ana", read_seq: 4 }, { id: 2, name: "Jose", read_seq: 1 }];
  const group = { kind: "group", readers };
  assert.deepEqual([markOf({ id: 40, seq: 4 }, group).state, markOf({ id: 40, seq: 4 }, group).label], ["delivered", "Read by Ana"]);
  assert.equal(markOf({ id: 10, seq: 1 }, group).label, "Read by all");
  readers[1].read_id = 40; // an event said so
  assert.equal(markOf({ id: 40, seq: 4 }, group).state, "read");
  assert.equal(names(["Ana", "Jose", "Rodel", "Kris"].map((name) => ({ name }))), "Ana, Jose and 2 others");
});

test("only addresses of the web become links, and no mark at their end", () => {
  assert.deepEqual(piecesOf("See https://example.org/a?b=1. Now"), [
    { text: "See " }, { text: "https://example.org/a?b=1", href: "https://example.org/a?b=1" }, { text: ". Now" },
  ]);
  for (const text of ["javascript:alert(1)", "<b>https</b>", "https://", ""]) {
    assert.ok(piecesOf(text).every(({ href }) => href === undefined), text);
  }
});

test("that somebody types is said once in a while, and that they have stopped", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  const told = [];
  const teller = new TypingTeller((id, isTyping) => told.push([id, isTyping]), { now: () => now });
  for (; now < 3000; now += 100) teller.typed(1);
  assert.deepEqual(told, [[1, true], [1, true]]);
  mock.timers.tick(4000);
  assert.deepEqual(told.at(-1), [1, false]);
  teller.typed(1);
  teller.stop({ isSent: true });
  assert.deepEqual(told.at(-1), [1, true]);
  mock.timers.reset();
});

test("who is not heard of again no longer types", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const typists = new Typists(() => {});
  const heard = (person, name, isTyping = true) =>
    typists.heard({ conversation_id: 1, person_id: person, person_name: name, is_typing: isTyping });
  heard(8, "Ana");
  assert.equal(typists.text(1), "Ana is typing");
  heard(9, "Jose");
  assert.equal(typists.text(1), "Ana and Jose are typing");
  heard(8, "Ana", false);
  assert.equal(typists.text(1), "Jose is typing");
  mock.timers.tick(6000);
  assert.equal(typists.text(1), "");
  mock.timers.reset();
});

test("arrivals are reported together, and again where that failed", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const reports = [];
  let isAway = true;
  const arrivals = new Arrivals({
    post: async (ids) => {
      reports.push(ids);
      if (isAway) throw Object.assign(new Error("Away."), { isFinal: false });
    },
  });
  for (const id of [1, 2, 2]) arrivals.add(id);
  mock.timers.tick(300);
  await new Promise((resolve) => setImmediate(resolve));
  isAway = false;
  mock.timers.tick(10_000);
  await new Promise((resolve) => setImmediate(resolve));
  mock.timers.tick(60_000);
  assert.deepEqual(reports, [[1, 2], [1, 2]]);
  mock.timers.reset();
});

test("the frames of messages belong to their topic, and no others", () => {
  const of = (type) => topicOf({ type });
  const own = ["message_created", "message_read", "messages_unread", "reaction_changed", "conversation_changed",
    "participants_changed", "attachment_changed", "typing", "presence"];
  for (const type of own) assert.equal(of(type), TOPICS.messages, type);
  assert.deepEqual(["notification", "dashboard_update", "project_updated"].map(of), ["notifications", "dashboard", "projects"]);
});

test("only one's own text may be edited, and no text that the server cannot read", () => {
  const mayEdit = (more) => rightsOf({ kind: "text", sender_id: 7, ...more }, {}, "7").mayEdit;
  assert.deepEqual(["text", "html", "encrypted"].map((kind) => mayEdit({ kind })), [true, false, false]);
  assert.equal(mayEdit({ sender_id: 9 }), false);
});
