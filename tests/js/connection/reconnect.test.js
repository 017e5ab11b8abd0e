// A connection that breaks is opened again: when, how often, and with nothing lost.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeTab, scene } from "../support/fake_tab.js";

const later = (times) => times.map(({ at }, index) => at - (times[index - 1]?.at ?? at)).slice(1);

for (const transport of ["sse", "websocket"]) {
  test(`after a server restarts, browsers reconnect quickly and get what happened meanwhile: ${transport}`, async () => {
    const all = scene();
    const tab = new FakeTab(all, { transport });
    await all.pass(20_000);
    const before = all.server.addEvent();
    await all.pass(10);
    all.server.crash();
    await all.pass(10);
    assert.equal(tab.status.state, "reconnecting");
    const meanwhile = all.server.addEvent();
    await all.pass(900);
    all.server.up = true;
    await all.pass(2_500);
    assert.deepEqual([tab.status.state, tab.status.transport], ["live", transport]);
    assert.deepEqual(tab.handled, [before, meanwhile]);
    assert.equal(tab.resets, 0);
  });
}

test("the first retry comes within two seconds, at random, or sooner if the server proposed less", async () => {
  for (const [retry, random, most] of [[6_000, 0.999, 2_000], [1_000, 0.999, 1_000], [6_000, 0, 0]]) {
    const all = scene({ random: () => random });
    all.server.retry = retry;
    new FakeTab(all);
    await all.pass(20_000);
    const lost = all.clock.now;
    for (const link of [...all.server.open]) link.end();
    await all.pass(2_100);
    const wait = all.server.requestsOf("sse")[1].at - lost;
    assert.ok(wait <= most && wait >= most * 0.99, `${wait}`);
  }
});

test("the waits between retries grow with the outage, up to 30 seconds, and never end", async () => {
  const all = scene({ random: () => 0.999 });
  const tab = new FakeTab(all, { pollUrl: undefined });
  await all.pass(20_000);
  all.server.crash();
  await all.pass(2 * 3_600_000);
  const waits = later(all.server.requestsOf("sse").slice(1)).map((wait) => Math.round(wait / 1_000));
  assert.deepEqual(waits.slice(0, 8), [2, 2, 4, 6, 10, 16, 25, 30]);
  assert.ok(waits.length > 230);
  assert.ok(waits.every((wait) => wait <= 30));
  all.server.up = true;
  await all.pass(30_000);
  assert.equal(tab.status.state, "live");
});

test("a connection that breaks again at once counts as a failure", async () => {
  const all = scene({ random: () => 0.999 });
  new FakeTab(all);
  await all.pass(20_000);
  const begin = all.server.requestsOf("sse").length;
  for (let second = 0; second < 60; second += 1) {
    for (const link of [...all.server.open]) link.break();
    await all.pass(1_000);
  }
  assert.ok(all.server.requestsOf("sse").length - begin <= 7, `${all.server.requestsOf("sse").length}`);
});

test("a browser that is offline shows that, sends no requests, and reconnects at once", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  await tab.network(false);
  assert.equal(tab.status.state, "offline");
  assert.equal(all.server.open.size, 0);
  const id = all.server.addEvent();
  const asked = all.server.requests.length;
  await all.pass(29_000);
  assert.equal(all.server.requests.length, asked);
  await tab.network(true);
  await all.pass(10);
  assert.equal(tab.status.state, "live");
  assert.deepEqual(tab.handled, [id]);
});

test("a browser that wrongly reports offline reconnects all the same", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  await tab.network(false);
  await all.pass(31_000);
  assert.equal(tab.status.state, "live");
});

test("a browser that says for ever that it has no network is not held back by that", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  tab.online = false;
  await all.pass(20_000);
  assert.equal(tab.status.state, "live");
  await tab.network(false); // it works all the same: nothing is cut
  await all.pass(10);
  assert.equal(tab.status.state, "live");
  for (const [away, back] of [[10, 2_100], [10_000, 8_500]]) {
    all.server.crash();
    await all.pass(away);
    assert.equal(tab.status.state, "reconnecting");
    const id = all.server.addEvent();
    all.server.up = true;
    await all.pass(back);
    assert.deepEqual([tab.status.state, tab.handled.at(-1)], ["live", id]);
    await all.pass(20_000);
  }
  // A network that comes and goes is believed again.
  await tab.network(true);
  await tab.network(false);
  assert.equal(tab.status.state, "offline");
});

test("a page that becomes visible reconnects at once", async () => {
  const all = scene({ random: () => 0.999 });
  const tab = new FakeTab(all);
  await all.pass(20_000);
  all.server.crash();
  await all.pass(40_000);
  await tab.setVisible(false);
  all.server.up = true;
  await tab.setVisible(true);
  await all.pass(10);
  assert.equal(tab.status.state, "live");
});

for (const visible of [true, false]) {
  test(`a machine that was suspended reconnects without falling back${visible ? "" : ", even on a hidden page"}`, async () => {
    const all = scene();
    const tab = new FakeTab(all);
    await all.pass(20_000);
    await tab.freeze();
    const [dead] = all.server.open;
    all.server.open.delete(dead); // the network dropped it during the suspension
    const id = all.server.addEvent();
    await all.pass(600_000);
    await tab.thaw();
    if (visible) await tab.setVisible(true);
    await all.pass(100);
    assert.deepEqual([tab.status.state, tab.status.transport], ["live", "sse"]);
    assert.deepEqual(tab.handled, [id]);
    assert.deepEqual(tab.fallbacks, []);
  });
}

test("after a close with 1012 the browser reconnects within two seconds", async () => {
  const all = scene({ random: () => 0.99 });
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  const lost = all.clock.now;
  for (const link of [...all.server.open]) link.close(1012);
  await all.pass(2_000);
  assert.equal(tab.status.transport, "websocket");
  assert.ok(all.server.requestsOf("websocket")[1].at - lost <= 2_000);
});

test("a socket that was closed for sending too much pauses for half a minute, with SSE meanwhile", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  for (const link of [...all.server.open]) link.close(4429);
  await all.pass(2_000);
  assert.deepEqual([tab.status.state, tab.status.transport], ["live", "sse"]);
  assert.equal(all.server.requestsOf("websocket").length, 1);
  await all.pass(31_000);
  assert.equal(tab.status.transport, "websocket");
});

test("a stream that ends with an error frame reconnects", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  all.server.broadcast({ type: "error", message: "The server cannot read its data just now." });
  await all.pass(3_000);
  assert.equal(tab.status.state, "live");
  assert.equal(all.server.requestsOf("status").length, 1);
});

test("the cursor is sent over every transport", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  for (const [kind, breaks] of [["websocket", "sse"], ["sse", "poll"], ["poll", ""]]) {
    const id = all.server.addEvent();
    await all.pass(20_000);
    assert.equal(tab.handled.at(-1), id, kind);
    assert.equal(tab.manager.cursor, String(id));
    if (!breaks) break;
    all.server[kind] = "blocked";
    if (kind === "sse") all.server.sse = "html";
    for (const link of [...all.server.open]) link.break();
    await all.pass(5_000);
    assert.equal(tab.status.transport, breaks);
    assert.equal(all.server.requestsOf(breaks)[0].cursor, String(id));
  }
  assert.equal(new Set(tab.handled).size, tab.handled.length);
});

test("a page in the back/forward cache has no connection, and catches up when it is restored", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(5_000);
  await tab.suspend();
  await all.pass(10);
  assert.equal(all.server.open.size, 0);
  const id = all.server.addEvent();
  const asked = all.server.requests.length;
  await all.pass(120_000);
  assert.equal(all.server.requests.length, asked);
  await tab.resume();
  await all.pass(10);
  assert.equal(tab.status.state, "live");
  assert.deepEqual(tab.handled, [id]);
});

test("a page that disconnects has no connection and sends no requests, until it connects again", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(5_000);
  tab.manager.disconnect();
  await all.pass(10);
  assert.equal(all.server.open.size, 0);
  all.server.addEvent();
  const asked = all.server.requests.length;
  await tab.setVisible(true);
  await tab.network(true);
  await all.pass(120_000);
  assert.equal(all.server.requests.length, asked);
  assert.deepEqual(tab.handled, []);
  tab.manager.connect();
  tab.manager.connect();
  await all.pass(10);
  assert.equal(all.server.open.size, 1);
  assert.equal(tab.handled.length, 1);
});

test("an identity check that replaces an earlier one still leads to a reconnection", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  all.server.status = "never";
  const [link] = all.server.open;
  link.send([{ type: "error", message: "The server cannot read its data just now." }]);
  link.end();
  await all.pass(100);
  tab.manager.check(); // the page has had the same error
  assert.equal(tab.status.state, "reconnecting");
  await all.pass(11_000);
  all.server.status = "ok";
  await all.pass(60_000);
  assert.equal(tab.status.state, "live");
});
