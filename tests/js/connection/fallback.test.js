// Which transport is used, and what happens when it fails.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeTab, scene } from "../support/fake_tab.js";

const using = (tab) => [tab.status.state, tab.status.transport];

test("the server chooses the transport that a page starts with", async () => {
  for (const [transport, used] of [["sse", "sse"], ["websocket", "websocket"], ["shadow", "sse"]]) {
    const all = scene();
    const tab = new FakeTab(all, { transport });
    await all.pass(100);
    assert.deepEqual(using(tab), ["live", used]);
    assert.deepEqual(tab.states, ["connecting", "live"]);
    assert.equal(all.server.requestsOf(used)[0].topics, "notifications,dashboard,projects,messages");
    assert.equal(all.server.requestsOf(used)[0].user, "7");
  }
});

test("a page without a WebSocket URL starts with SSE", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket", socketUrl: undefined });
  await all.pass(100);
  assert.deepEqual(using(tab), ["live", "sse"]);
});

const WAYS_TO_FAIL = {
  blocked: { how: "blocked", reason: "blocked", within: 100 },
  "never answered": { how: "never", reason: "silent", within: 4_100 },
  "open but silent": { how: "silent", reason: "silent", within: 4_100 },
  "refused with 4403": { how: 4403, reason: "refused", within: 100 },
  "closed at once": { how: 1011, reason: "closed", within: 100 },
};
for (const [name, { how, reason, within }] of Object.entries(WAYS_TO_FAIL)) {
  test(`a WebSocket that is ${name} falls back to SSE within 5 seconds`, async () => {
    const all = scene();
    all.server.websocket = how;
    const tab = new FakeTab(all, { transport: "websocket" });
    await all.pass(within);
    assert.deepEqual(using(tab), ["live", "sse"]);
    assert.deepEqual(tab.fallbacks, [{ from: "websocket", to: "sse", reason }]);
    assert.equal(all.server.open.size, 1, "the socket that failed is closed");
  });
}

const SSE_FAILS = {
  "an HTML page": { how: "html", reason: "refused", within: 100 },
  "a fault": { how: "fault", reason: "refused", within: 100 },
  "no slot": { how: "full", reason: "full", within: 100 },
  "never an answer": { how: "never", reason: "silent", within: 8_100 },
  "a stream that a proxy holds back": { how: "held", reason: "silent", within: 8_100 },
};
for (const [name, { how, reason, within }] of Object.entries(SSE_FAILS)) {
  test(`SSE with ${name} falls back to polling`, async () => {
    const all = scene();
    all.server.sse = how;
    const tab = new FakeTab(all);
    await all.pass(within);
    assert.deepEqual(using(tab), ["live", "poll"]);
    assert.deepEqual(tab.fallbacks, [{ from: "sse", to: "poll", reason }]);
    const id = all.server.addEvent();
    await all.pass(18_000);
    assert.deepEqual(tab.handled, [id]);
  });
}

test("a stream that becomes silent is replaced by polling after two heartbeats, with nothing lost", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  const [stream] = all.server.open;
  stream.send = stream.heartbeat = () => {}; // a proxy that buffers from now on
  const id = all.server.addEvent();
  await all.pass(15_000);
  assert.deepEqual(using(tab), ["live", "sse"]);
  await all.pass(20_000);
  assert.deepEqual(using(tab), ["live", "poll"]);
  assert.deepEqual(tab.handled, [id]);
  assert.deepEqual(tab.fallbacks, [{ from: "sse", to: "poll", reason: "silent" }]);
});

test("heartbeats alone keep a connection open for hours", async () => {
  for (const transport of ["sse", "websocket"]) {
    const all = scene();
    const tab = new FakeTab(all, { transport });
    await all.pass(2 * 3_600_000);
    assert.deepEqual(tab.states, ["connecting", "live"]);
    assert.equal(all.server.requestsOf(transport).length, 1);
  }
});

test("a better transport is tried again at growing intervals, beside the one that works", async () => {
  const all = scene();
  all.server.websocket = "blocked";
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(100);
  const begin = all.clock.now;
  await all.pass(40 * 60_000);
  const waits = all.server.requestsOf("websocket").map(({ at }, index, all_) => (at - (all_[index - 1]?.at ?? begin)) / 1_000);
  assert.deepEqual(
    waits.slice(1, 7).map(Math.round),
    [60, 120, 240, 480, 600, 600],
  );
  assert.deepEqual(tab.states, ["connecting", "live"], "the connection that works stays open");
  assert.equal(all.server.requestsOf("sse").length, 1);
  all.server.websocket = "ok";
  await all.pass(11 * 60_000);
  assert.deepEqual(using(tab), ["live", "websocket"]);
  assert.equal(all.server.open.size, 1);
  assert.deepEqual(tab.states, ["connecting", "live"]);
});

test("when the network is back a better transport is tried at once", async () => {
  const all = scene();
  all.server.websocket = "blocked";
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(5_000);
  all.server.websocket = "ok";
  await tab.network(true);
  await all.pass(100);
  assert.deepEqual(using(tab), ["live", "websocket"]);
});

test("the page polls until a full server's Retry-After is over", async () => {
  const all = scene();
  Object.assign(all.server, { sse: "full", retryAfter: 60 });
  const tab = new FakeTab(all);
  await all.pass(59_000);
  assert.equal(all.server.requestsOf("sse").length, 1);
  assert.deepEqual(using(tab), ["live", "poll"]);
  all.server.sse = "ok";
  await all.pass(6_000);
  assert.equal(all.server.requestsOf("sse").length, 2);
  assert.deepEqual(using(tab), ["live", "sse"]);
});

test("after a 429 no transport is tried until Retry-After is over, and the user is not signed out", async () => {
  const all = scene();
  Object.assign(all.server, { websocket: "blocked", sse: "often", poll: "often", status: "often", retryAfter: 40 });
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(1_000);
  const asked = all.server.requests.length;
  assert.deepEqual(all.server.requests.map(({ kind }) => kind), ["websocket", "sse"]);
  await all.pass(38_000);
  assert.equal(all.server.requests.length, asked);
  assert.equal(tab.status.state, "reconnecting");
  const id = all.server.addEvent();
  Object.assign(all.server, { websocket: "ok", sse: "ok", poll: "ok", status: "ok" });
  await all.pass(8_000);
  assert.deepEqual(using(tab), ["live", "websocket"]);
  assert.deepEqual(tab.handled, [id]);
  assert.deepEqual(tab.states, ["connecting", "reconnecting", "live"]);
});

test("a page that polls and gets a 429 waits and continues from its cursor", async () => {
  const all = scene();
  all.server.sse = "html";
  const tab = new FakeTab(all);
  await all.pass(20_000);
  assert.deepEqual(using(tab), ["live", "poll"]);
  Object.assign(all.server, { sse: "often", poll: "often", status: "often", retryAfter: 30 });
  await all.pass(20_000);
  const id = all.server.addEvent();
  Object.assign(all.server, { sse: "html", poll: "ok", status: "ok" });
  await all.pass(60_000);
  assert.deepEqual(using(tab), ["live", "poll"]);
  assert.deepEqual(tab.handled, [id]);
  assert.ok(!tab.states.includes("signed-out"));
});

test("if all transports are full, there is no request until Retry-After is over", async () => {
  const all = scene();
  Object.assign(all.server, { sse: "full", poll: "full", retryAfter: 45 });
  const tab = new FakeTab(all);
  await all.pass(1_000);
  const asked = all.server.requests.length;
  await tab.setVisible(false);
  await tab.setVisible(true);
  await tab.network(true);
  await all.pass(43_000);
  assert.equal(all.server.requests.length, asked);
  assert.equal(tab.status.state, "reconnecting");
  Object.assign(all.server, { sse: "ok" });
  await all.pass(6_000);
  assert.deepEqual(using(tab), ["live", "sse"]);
});

test("a transport that failed in a round without a result is tried again in the next", async () => {
  const all = scene();
  all.server.up = false;
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(3_000);
  assert.deepEqual(tab.fallbacks, []);
  all.server.up = true;
  await all.pass(31_000);
  assert.deepEqual(using(tab), ["live", "websocket"]);
  assert.deepEqual(tab.fallbacks, [], "the server was down: that is no fallback");
});

test("a stream whose request is blocked in the browser falls back to polling", async () => {
  const all = scene({ random: () => 0.999 });
  all.server.sse = "away"; // something in the browser blocks its URL
  const tab = new FakeTab(all);
  await all.pass(2_000);
  assert.equal(all.server.requestsOf("poll").length, 0, "it looks as if the server were down");
  await all.pass(2_000);
  assert.deepEqual(using(tab), ["live", "poll"]);
  assert.deepEqual(tab.fallbacks, [{ from: "sse", to: "poll", reason: "unreachable" }]);
});

test("a link that ends while a better one is being tried leaves no link open", async () => {
  const all = scene();
  all.server.websocket = "never";
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(31_500);
  all.server.addEvent();
  all.server.heartbeats = false; // the silence is detected after 33 s, one second into another try of the socket
  await all.pass(31_900);
  assert.equal(all.server.requestsOf("websocket").length, 1);
  await all.pass(500);
  assert.equal(all.server.requestsOf("websocket").length, 2);
  await all.pass(100_000);
  const count = (phase) => tab.links.filter((link) => link.phase === phase).length;
  assert.equal(count("opened") - count("ended"), 1);
  assert.equal(tab.status.state, "live");
});

test("a malformed response to a poll is handled", async () => {
  const all = scene();
  Object.assign(all.server, { sse: "html", poll: "absurd" });
  const tab = new FakeTab(all);
  await all.pass(60_000);
  assert.equal(tab.status.state, "reconnecting");
  assert.deepEqual(tab.errors, []);
  all.server.poll = "ok";
  await all.pass(31_000);
  assert.deepEqual(using(tab), ["live", "poll"]);
});

test("polls never overlap, and follow each other at once if there is more", async () => {
  const all = scene();
  all.server.sse = "html";
  const tab = new FakeTab(all);
  for (let number = 0; number < 180; number += 1) all.server.addEvent();
  await all.pass(300);
  assert.equal(tab.handled.length, 180);
  assert.equal(all.server.requestsOf("poll").length, 4);
  const asked = all.server.requestsOf("poll").length;
  await all.pass(60_000);
  const later = all.server.requestsOf("poll").slice(asked);
  assert.ok(later.length >= 3 && later.length <= 6, `${later.length} in a quiet minute`);
});
