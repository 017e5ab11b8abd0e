// Messages that are answered and not loaded: each is asked for once, however many there are.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Answered } from "../../../messaging/static/messaging/js/answered.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));
const numbers = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

function reader({ shown, read = async (id) => ({ id }) }) {
  const made = { asked: [], times: 0, shown };
  made.answered = new Answered({
    read: (id) => {
      made.asked.push(id);
      return read(id);
    },
    shown: () => made.shown,
    onRead: () => {
      made.times += 1;
      for (const id of made.shown) made.answered.get(id); // what is shown is shown again
    },
  });
  return made;
}

test("more than are held at once are each asked for once, as long as they are shown", async () => {
  const one = reader({ shown: numbers(1, 80) });
  for (const id of one.shown) assert.equal(one.answered.get(id), null);
  for (let times = 0; times < 5; times += 1) await settled();
  assert.deepEqual([one.asked, one.times], [numbers(1, 80), 80]);
  assert.deepEqual(one.answered.get(80), { id: 80 });
});

test("what is no longer shown makes room", async () => {
  const one = reader({ shown: numbers(1, 50) });
  for (const id of one.shown) one.answered.get(id);
  await settled();
  one.shown = [51];
  one.answered.get(51);
  one.answered.get(1);
  await settled();
  assert.deepEqual(one.asked.slice(50), [51, 1]);
});

test("one that cannot be read is not asked for again", async () => {
  const one = reader({ shown: [1], read: () => Promise.reject(new Error("Gone.")) });
  one.answered.get(1);
  await settled();
  assert.deepEqual([one.answered.get(1), one.asked], [null, [1]]);
});
