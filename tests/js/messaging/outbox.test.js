// Messages on their way: in order, each once, kept over a reload.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Kept } from "../../../messaging/static/messaging/js/kept.js";
import { Outbox } from "../../../messaging/static/messaging/js/outbox.js";
import { fakeStorage } from "../support/fake_storage.js";

const item = (clientId, key = "c1") => ({
  clientId, key, conversationId: 1, receiverId: null, text: clientId, parentId: null, attachments: [], at: 0,
});
const unreachable = Object.assign(new Error("The server cannot be reached."), { isFinal: false });
const refused = Object.assign(new Error("You may not write here."), { isFinal: true });
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A browser with this storage whose server answers as `answer` says. */
function browser({ store = fakeStorage(), user = "7", answer = () => ({}) } = {}) {
  const made = { store, asked: [], sent: [], shown: [], timers: [] };
  const timers = {
    setTimeout: (callback, delay) => made.timers.push({ callback, delay }),
    clearTimeout: () => {},
  };
  made.outbox = new Outbox({
    kept: new Kept(user, () => store),
    timers,
    send: async (one) => {
      made.asked.push(one.clientId);
      return made.answer(one);
    },
    onChange: () => made.shown.push(made.outbox?.of("c1").map(({ clientId }) => clientId).concat(made.sent).sort().join("")),
    onSent: (one) => made.sent.push(one.clientId),
  });
  made.answer = answer;
  return made;
}

const fails = (error) => () => {
  throw error;
};

test("messages are sent one after the other, in order", async () => {
  const one = browser();
  for (const id of ["a", "b", "c"]) one.outbox.add(item(id));
  await settled();
  assert.deepEqual(one.sent, ["a", "b", "c"]);
  assert.equal(one.outbox.size, 0);
  assert.ok(one.shown.slice(3).every((ids) => ids === "abc"), `one that is sent is never missing: ${one.shown}`);
});

test("without a connection they wait, and go out in order when it is back", async () => {
  const one = browser({ answer: fails(unreachable) });
  for (const id of ["a", "b"]) one.outbox.add(item(id));
  await settled();
  assert.deepEqual(one.outbox.of("c1").map(({ clientId, state }) => [clientId, state]), [["a", "waiting"], ["b", "waiting"]]);
  one.answer = () => ({});
  await one.outbox.flush();
  assert.deepEqual(one.sent, ["a", "b"]);
});

test("it is tried again by itself, later each time, and not before the server wants it", async () => {
  const one = browser({ answer: fails(unreachable) });
  one.outbox.add(item("a"));
  await settled();
  for (let times = 0; times < 8; times += 1) {
    one.timers.at(-1).callback();
    await settled();
  }
  const delays = one.timers.map(({ delay }) => delay);
  assert.deepEqual(delays.slice(0, 6), [1000, 2000, 4000, 8000, 16000, 30000]);
  one.answer = fails(Object.assign(new Error("Too many."), { isFinal: false, retryAfter: 45_000 }));
  one.timers.at(-1).callback();
  await settled();
  assert.equal(one.timers.at(-1).delay, 45_000);
});

test("one that is refused keeps its text and says why, and does not hold up the others", async () => {
  const one = browser({ answer: ({ clientId }) => (clientId === "a" ? fails(refused)() : {}) });
  for (const id of ["a", "b"]) one.outbox.add(item(id));
  await settled();
  assert.deepEqual(one.sent, ["b"]);
  const [failed] = one.outbox.of("c1");
  assert.deepEqual([failed.state, failed.text, failed.error], ["failed", "a", "You may not write here."]);
  one.answer = () => ({});
  one.outbox.retry("a");
  await settled();
  assert.deepEqual(one.sent, ["b", "a"]);
});

test("a retry carries the same id, so that the server sends nothing twice", async () => {
  const one = browser({ answer: fails(unreachable) });
  one.outbox.add(item("a"));
  await settled();
  await one.outbox.flush();
  assert.deepEqual(one.asked, ["a", "a"]);
});

test("what waits is sent by the next page", async () => {
  const before = browser({ answer: fails(unreachable) });
  for (const id of ["a", "b"]) before.outbox.add(item(id));
  await settled();
  const after = browser({ store: before.store });
  await after.outbox.flush();
  assert.deepEqual(after.sent, ["a", "b"]);
  assert.equal(browser({ store: before.store }).outbox.size, 0);
});

test("one whose answer was lost is done when its event comes", async () => {
  const one = browser({ answer: fails(unreachable) });
  one.outbox.add(item("a"));
  await settled();
  one.outbox.arrived("a");
  assert.equal(one.outbox.size, 0);
  await one.outbox.flush();
  assert.deepEqual(one.asked, ["a"]);
});

test("one that is being sent cannot be taken back, one that waits can", async () => {
  let finish;
  const one = browser({ answer: () => new Promise((resolve) => (finish = resolve)) });
  for (const id of ["a", "b"]) one.outbox.add(item(id));
  await settled();
  assert.equal(one.outbox.discard("a"), null);
  assert.equal(one.outbox.discard("b").text, "b");
  finish({});
  await settled();
  assert.deepEqual(one.sent, ["a"]);
});

test("what waits for a new conversation goes to it once it has an id", async () => {
  const one = browser({ answer: fails(unreachable) });
  one.outbox.add({ ...item("a", "p9"), conversationId: null, receiverId: 9 });
  await settled();
  one.outbox.rename("p9", "c5", 5);
  const [waiting] = one.outbox.of("c5");
  assert.deepEqual([waiting.conversationId, waiting.receiverId, one.outbox.of("p9")], [5, null, []]);
});

test("nothing is sent as somebody else who has signed in meanwhile", async () => {
  const another = Object.assign(new Error("Somebody else is signed in."), { isFinal: true, isOfAnother: true });
  const one = browser({ user: "21", answer: fails(another) });
  for (const id of ["a", "b"]) one.outbox.add(item(id));
  await settled();
  one.answer = () => ({});
  one.outbox.retry("a");
  await one.outbox.flush();
  assert.deepEqual([one.asked, one.sent, one.store.items.size], [["a"], [], 0]);
  assert.equal(one.outbox.of("c1").find(({ clientId }) => clientId === "a").text, "a");
});

test("what waits is not sent after one has signed out in another tab", async () => {
  const one = browser({ user: "22", answer: fails(unreachable) });
  one.outbox.add(item("a"));
  await settled();
  new Kept("22", () => one.store).clear();
  one.answer = () => ({});
  await one.outbox.flush();
  assert.deepEqual([one.asked, one.sent], [["a"], []]);
});

test("two tabs lose nothing of each other that waits", async () => {
  const store = fakeStorage();
  const [one, other] = [browser({ store, answer: fails(unreachable) }), browser({ store, answer: fails(unreachable) })];
  one.outbox.add(item("a"));
  other.outbox.add(item("b"));
  one.outbox.add(item("c"));
  await settled();
  const after = browser({ store });
  await after.outbox.flush();
  assert.deepEqual([...after.sent].sort(), ["a", "b", "c"]);
});
