// Malformed data ends the link, which is then opened again. It never affects the page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseRetryAfter, request } from "../../../realtime/static/realtime/js/wire/http.js";
import { FakeBrowser } from "../support/fake_browser.js";
import { FakeTab, scene } from "../support/fake_tab.js";

const MALFORMED = {
  "no JSON": "{",
  "a number": "7",
  "null": "null",
  "an object without a type": "{}",
  "a type that is not a string": '{"type":7}',
  "an id that is not a number": '{"type":"notification","id":"12"}',
  "a negative id": '{"type":"notification","id":-1}',
  "an infinite id": '{"type":"notification","id":1e400}',
  "an id beyond 2^53": '{"type":"notification","id":1700000000000000123}',
  "the first id beyond 2^53": '{"type":"notification","id":9007199254740992}',
  "a cursor beyond 2^53": '{"type":"cursor","cursor":1700000000000000123}',
  "an invalid cursor": '{"type":"cursor","cursor":1.5}',
  "arrays in arrays": "[[]]",
  "very deep nesting": "[".repeat(100_000),
};

for (const [name, text] of Object.entries(MALFORMED)) {
  test(`${name} ends the link, not the page`, async () => {
    for (const transport of ["sse", "websocket"]) {
      const all = scene();
      const tab = new FakeTab(all, { transport });
      await all.pass(20_000);
      const [link] = all.server.open;
      if (transport === "sse") link.write(`data: ${text}\n\n`);
      else link.sendText(text);
      await all.pass(10);
      assert.equal(tab.status.state, "reconnecting", transport);
      assert.equal(all.server.open.size, 0, transport);
      const id = all.server.addEvent();
      await all.pass(3_000);
      assert.equal(tab.status.state, "live", transport);
      assert.deepEqual(tab.handled, [id], transport);
      assert.deepEqual(tab.errors, [], transport);
    }
  });
}

test("a server whose cursors cannot be told apart does not make a page live", async () => {
  for (const id of ["1700000000000000123", "9007199254740992", "-1", "1e3", "12x", "0x10", " 7"]) {
    const all = scene();
    const tab = new FakeTab(all, { pollUrl: undefined });
    await all.pass(20_000);
    const [link] = all.server.open;
    all.server.sse = "held";
    link.write(`: heartbeat\nid: ${id}\n\n`);
    await all.pass(10);
    assert.equal(tab.status.state, "reconnecting", id);
    assert.equal(all.server.open.size, 0, id);
  }
  // Nor does one that begins with them.
  const all = scene();
  all.server.first = 2 ** 60;
  for (const transport of ["sse", "websocket"]) {
    const tab = new FakeTab({ ...all, browser: new FakeBrowser(all.clock) }, { transport, cursor: "1152921504606846976" });
    await all.pass(60_000);
    assert.ok(!tab.states.includes("live"), `${transport}: ${tab.states}`);
    assert.deepEqual(tab.errors, []);
  }
});

test("the largest ids are told apart", async () => {
  const all = scene();
  const newest = Number.MAX_SAFE_INTEGER;
  all.server.first = newest - 4;
  for (const transport of ["sse", "websocket"]) {
    const tab = new FakeTab({ ...all, browser: new FakeBrowser(all.clock) }, { transport });
    await all.pass(1_000);
    const ids = [all.server.addEvent(), all.server.addEvent()];
    await all.pass(10);
    assert.deepEqual(tab.handled, ids, transport);
    assert.equal(tab.manager.cursor, String(ids[1]));
  }
  assert.equal(all.server.newest, newest);
});

test("what other tabs say is believed only if it has a place in the log", async () => {
  const all = scene();
  new FakeTab(all);
  await all.pass(100);
  const tab = new FakeTab(all);
  await all.pass(100);
  const [leader] = all.browser.channels;
  const before = tab.manager.cursor;
  for (const after of [2 ** 53, 1e300, -1, 1.5, "7", Number.NaN, {}]) {
    leader.postMessage({ kind: "batch", after, frames: [] });
    leader.postMessage({ kind: "batch", after: 0, frames: [{ type: "notification", id: after }] });
    leader.postMessage({ kind: "status", state: "live", transport: "sse", since: 1, cursor: after });
  }
  await all.pass(1_000);
  assert.equal(tab.manager.cursor, before);
  assert.deepEqual([tab.handled, tab.resets, tab.errors, all.server.requestsOf("poll")], [[], 0, [], []]);
});

test("a block or message that is too large ends the link, not the page", async () => {
  for (const transport of ["sse", "websocket"]) {
    const all = scene();
    const tab = new FakeTab(all, { transport });
    await all.pass(20_000);
    const [link] = all.server.open;
    if (transport === "sse") for (let part = 0; part < 42; part += 1) link.write(`data: ${"x".repeat(100_000)}\n`);
    else link.sendText(JSON.stringify([{ type: "x".repeat(5_000_000) }]));
    await all.pass(10);
    assert.equal(all.server.open.size, 0);
    await all.pass(3_000);
    assert.equal(tab.status.state, "live");
  }
});

test("a binary message ends the link, not the page", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  [...all.server.open][0].sendText(new ArrayBuffer(8));
  await all.pass(3_000);
  assert.equal(tab.status.state, "live");
});

test("unknown types and fields with strange names are passed on and do no harm", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(1_000);
  all.server.broadcast(JSON.parse('{"type":"__proto__","__proto__":{"polluted":true},"constructor":1}'));
  const id = all.server.addEvent({ type: "something_new", project_id: "x" });
  await all.pass(10);
  assert.deepEqual(tab.handled, [id]);
  assert.equal({}.polluted, undefined);
});

test("Retry-After is a number of seconds or a date, and has a maximum", () => {
  const now = Date.parse("2026-11-20T08:00:00Z");
  for (const [value, seconds] of [
    ["7", 7],
    [" 0 ", 0],
    ["999999999999", 300],
    ["Fri, 20 Nov 2026 08:00:30 GMT", 30],
    ["Fri, 20 Nov 2020 08:00:30 GMT", 0],
    ["-5", 0],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ]) {
    assert.equal(parseRetryAfter(value, now), seconds, `${value}`);
  }
});

test("a redirect is not followed: it leads to the sign-in page", async () => {
  const asked = [];
  const fetch = (_url, options) => {
    asked.push(options.redirect);
    return Promise.resolve({ type: "opaqueredirect", status: 0, headers: new Headers(), body: null });
  };
  const { signal } = new AbortController();
  await assert.rejects(request("/status/", "application/json", signal, { fetch, date: Date.now }), { reason: "refused" });
  assert.deepEqual(asked, ["manual"]);
});
