// Drafts are kept for each person and conversation, and gone at sign-out.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Kept } from "../../../messaging/static/messaging/js/kept.js";
import { fakeStorage } from "../support/fake_storage.js";

const of = (store, user = "7") => new Kept(user, () => store);

test("a draft survives the page, for its conversation alone", () => {
  const store = fakeStorage();
  of(store).keepDraft("c1", { text: "Half a sent", attachments: [{ id: 3 }] });
  assert.deepEqual(of(store).draft("c1"), { text: "Half a sent", attachments: [{ id: 3 }] });
  assert.equal(of(store).draft("c2"), null);
});

test("an empty draft is no draft", () => {
  const store = fakeStorage();
  of(store).keepDraft("c1", { text: "x" });
  of(store).keepDraft("c1", { text: "  \n" });
  assert.deepEqual([of(store).draft("c1"), store.items.size], [null, 0]);
});

test("nobody sees the draft of somebody else in the same browser", () => {
  const store = fakeStorage();
  of(store, "7").keepDraft("c1", { text: "Secret" });
  of(store, "70").keepDraft("c1", { text: "Another" });
  assert.equal(of(store, "70").draft("c1").text, "Another");
  of(store, "70").clearOthers();
  assert.equal(of(store, "7").draft("c1"), null);
  assert.equal(of(store, "70").draft("c1").text, "Another");
});

test("signing out removes everything of the person and nothing else", () => {
  const store = fakeStorage();
  store.setItem("something-else", "stays");
  of(store, "12").keepDraft("c1", { text: "x" });
  of(store, "12").keepWaiting({ clientId: "a", order: 1 });
  of(store, "12").clear();
  assert.deepEqual([...store.items], [["something-else", "stays"]]);
});

test("a page that was open while one signed out keeps nothing again", () => {
  const store = fakeStorage();
  of(store, "11").clear();
  of(store, "11").keepDraft("c1", { text: "Typed before" });
  assert.equal(store.items.size, 0);
});

test("of very many drafts the newest are kept", () => {
  const store = fakeStorage();
  for (let id = 1; id <= 80; id += 1) of(store).keepDraft(`c${id}`, { text: "x" });
  assert.deepEqual([of(store).drafted.length, of(store).draft("c1"), of(store).draft("c80").text], [50, null, "x"]);
});

test("a storage that throws or holds something else only means that nothing is kept", () => {
  const refusing = new Kept("13", () => {
    throw new DOMException("No.", "SecurityError");
  });
  refusing.keepDraft("c1", { text: "x" });
  refusing.clear();
  assert.deepEqual([refusing.draft("c1"), refusing.waiting], [null, []]);
  const strange = fakeStorage();
  strange.setItem("gistagum-messages-7-drafts", '{"a":1}');
  strange.setItem("gistagum-messages-7-waiting-a", "[1,null]");
  strange.setItem("gistagum-messages-7-waiting-b", "{");
  assert.deepEqual([of(strange).draft("c1"), of(strange).waiting], [null, []]);
});

test("two tabs keep what waits in each, in the order in which it was written", () => {
  const store = fakeStorage();
  const [one, other] = [of(store, "14"), of(store, "14")];
  one.keepWaiting({ clientId: "a", order: 1 });
  other.keepWaiting({ clientId: "c", order: 3 });
  one.keepWaiting({ clientId: "b", order: 2 });
  assert.deepEqual(other.waiting.map(({ clientId }) => clientId), ["a", "b", "c"]);
  one.dropWaiting("a");
  assert.deepEqual(other.waiting.map(({ clientId }) => clientId), ["b", "c"]);
  assert.deepEqual([...store.items.keys()].map((key) => one.waitingId(key)), ["c", "b"]);
  assert.deepEqual([one.waitingId("gistagum-messages-140-waiting-b"), one.waitingId(null)], [null, null]);
});

test("of very many that wait no more are kept", () => {
  const kept = of(fakeStorage(), "15");
  for (let order = 1; order <= 210; order += 1) kept.keepWaiting({ clientId: `${order}`, order });
  assert.deepEqual([kept.waiting.length, kept.waiting.at(-1).order], [200, 200]);
});
