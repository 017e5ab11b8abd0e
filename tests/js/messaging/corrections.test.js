// Corrections that are not saved yet.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Corrections } from "../../../messaging/static/messaging/js/corrections.js";
import { Kept } from "../../../messaging/static/messaging/js/kept.js";
import { plainText } from "../../../messaging/static/messaging/js/message_view.js";
import { fakeStorage } from "../support/fake_storage.js";

const made = (storage) => new Corrections(new Kept(7, () => storage));
const helo = { id: 5, kind: "text", sender_name: "Ana", text: "Helo" };

test("a correction is kept for its conversation until it is saved or left", () => {
  const storage = fakeStorage();
  made(storage).keep("c1", helo, "Hello");
  const { message, text } = made(storage).of("c1");
  assert.deepEqual([message.id, message.text, message.isExcerpt, text], [5, "Helo", true, "Hello"]);
  assert.deepEqual([made(storage).of("c2"), made(storage).of("c11"), new Kept(7, () => storage).draft("c1")], [null, null, null]);
  made(storage).drop("c1", 5, "Something newer");
  made(storage).drop("c1", 6);
  assert.equal(made(storage).of("c1").text, "Hello");
  made(storage).drop("c1", 5, "Hello");
  assert.equal(made(storage).of("c1"), null);
});

test("of several corrections none takes another's place", () => {
  const storage = fakeStorage();
  made(storage).keep("c1", helo, "Hello");
  made(storage).keep("c1", { ...helo, id: 6 }, "Good-bye");
  assert.equal(made(storage).of("c1").text, "Good-bye");
  made(storage).drop("c1", 6);
  assert.equal(made(storage).of("c1").text, "Hello");
});

test("of an encrypted message its text is kept, not what was sent", () => {
  const storage = fakeStorage();
  made(storage).keep("c1", { ...helo, kind: "encrypted", text: "{…}", plain: "Helo" }, "Hello");
  assert.deepEqual([made(storage).of("c1").message.kind, plainText(made(storage).of("c1").message)], ["encrypted", "Helo"]);
});
