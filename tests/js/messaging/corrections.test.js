// Corrections that are not saved yet.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Corrections } from "../../../messaging/static/messaging/js/corrections.js";
import { Kept } from "../../../messaging/static/messaging/js/kept.js";
import { fakeStorage } from "../support/fake_storage.js";

test("a correction is kept for its conversation until it is saved or left", () => {
  const storage = fakeStorage();
  const corrections = () => new Corrections(new Kept(7, () => storage));
  corrections().keep("c1", { id: 5, kind: "text", sender_name: "Ana", text: "Helo" }, "Hello");
  const { message: kept, text } = corrections().of("c1");
  assert.deepEqual([kept.id, kept.text, kept.isExcerpt, text], [5, "Helo", true, "Hello"]);
  assert.deepEqual([corrections().of("c2"), new Kept(7, () => storage).draft("c1")], [null, null]);
  corrections().drop("c1", { id: 5, text: "Something newer" });
  corrections().drop("c1", { id: 6, text: "Hello" });
  assert.equal(corrections().of("c1").text, "Hello");
  corrections().drop("c1", { id: 5, text: "Hello" });
  assert.equal(corrections().of("c1"), null);
});
