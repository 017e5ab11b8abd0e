// The server switches users to another transport: browsers switch without a gap and without a reload.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeTab, scene } from "../support/fake_tab.js";

test("all tabs switch to the other transport and back, make before break, with nothing lost or duplicated", async () => {
  const all = scene();
  const tabs = [new FakeTab(all), new FakeTab(all, { hidden: true })];
  await all.pass(20_000);
  const ids = [];
  for (const transport of ["websocket", "sse", "websocket"]) {
    for (let number = 0; number < 3; number += 1) {
      ids.push(all.server.addEvent());
      if (number === 1) all.server.switchTo(transport);
      await all.pass(400);
    }
    await all.pass(1_000);
    for (const tab of tabs) {
      assert.deepEqual([tab.status.state, tab.status.transport, tab.status.wanted], ["live", transport, transport]);
      assert.deepEqual(tab.handled, ids);
      assert.deepEqual(tab.states.filter((state) => state !== "connecting"), ["live"], "no moment without a connection");
    }
    assert.equal(all.server.open.size, 1);
  }
});

test("browsers switch within a second, at random", async () => {
  for (const [random, wait] of [[0, 0], [0.999, 999]]) {
    const all = scene({ random: () => random });
    new FakeTab(all);
    await all.pass(20_000);
    const switched = all.clock.now;
    all.server.switchTo("websocket");
    await all.pass(2_000);
    assert.equal(all.server.requestsOf("websocket")[0].at - switched, wait);
  }
});

test("a transport that was removed is closed after three seconds, even if the other one is not established", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  all.server.sse = "never";
  all.server.poll = "never";
  all.server.switchTo("sse");
  await all.pass(2_900);
  assert.deepEqual([tab.status.state, tab.status.transport], ["live", "websocket"]);
  await all.pass(200);
  assert.equal(tab.status.state, "reconnecting");
  assert.ok([...all.server.open].every(({ kind }) => kind !== "websocket"));
});

test("switching back before the switch has happened changes nothing", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  all.server.switchTo("sse");
  await all.pass(100);
  all.server.switchTo("websocket");
  await all.pass(20_000);
  assert.deepEqual([tab.status.state, tab.status.transport], ["live", "websocket"]);
  assert.deepEqual(tab.states, ["connecting", "live"]);
});

test("a browser that is switched to a blocked transport keeps the one that works", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  all.server.websocket = "blocked";
  await all.pass(20_000);
  all.server.switchTo("websocket");
  await all.pass(5_000);
  assert.deepEqual([tab.status.state, tab.status.transport], ["live", "sse"]);
  assert.deepEqual(tab.states, ["connecting", "live"]);
  assert.equal(all.server.requestsOf("sse").length, 1);
});

test("a new leader starts with the transport that the server chose last", async () => {
  const all = scene();
  const tabs = [new FakeTab(all), new FakeTab(all, { hidden: true })];
  await all.pass(20_000);
  all.server.switchTo("websocket");
  await all.pass(3_000);
  await tabs[0].close();
  await all.pass(1_000);
  assert.deepEqual([tabs[1].status.state, tabs[1].status.transport], ["live", "websocket"]);
  assert.equal(all.server.requestsOf("sse").length, 1);
});

test("choosing the same transport again changes nothing", async () => {
  const all = scene();
  all.server.chosenTransport = "sse";
  new FakeTab(all);
  await all.pass(1_000);
  for (let number = 0; number < 5; number += 1) all.server.switchTo("sse");
  all.server.broadcast({ type: "transport", transport: "pigeon" });
  all.server.broadcast({ type: "transport" });
  await all.pass(5_000);
  assert.equal(all.server.requests.length, 1);
});

test("shadow: SSE is shown, a WebSocket is compared, and nothing is shown twice", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "shadow" });
  await all.pass(1_000);
  const ids = [all.server.addEvent(), all.server.addEvent()];
  await all.pass(100);
  assert.deepEqual(tab.handled, ids);
  assert.deepEqual(tab.status.shadow, { both: 2, onlyShown: 0, onlyCompared: 0, connected: true });
  const receipts = tab.receipts.map(({ id, transport, shown }) => [id, transport, shown]);
  assert.deepEqual(receipts.filter(([, , shown]) => shown), ids.map((id) => [id, "sse", true]));
  assert.deepEqual(receipts.filter(([, , shown]) => !shown), ids.map((id) => [id, "websocket", false]));
  const [stream] = [...all.server.open].filter(({ kind }) => kind === "sse");
  const [socket] = [...all.server.open].filter(({ kind }) => kind === "websocket");
  const { send } = socket;
  socket.send = () => {};
  ids.push(all.server.addEvent());
  socket.send = send;
  stream.send = () => {};
  all.server.addEvent();
  await all.pass(11_000);
  assert.deepEqual(tab.status.shadow, { both: 2, onlyShown: 1, onlyCompared: 1, connected: true });
});

test("a failing shadow does not affect the active connection, and catches up", async () => {
  const all = scene();
  all.server.websocket = "blocked";
  const tab = new FakeTab(all, { transport: "shadow" });
  const ids = [];
  await all.pass(1_000);
  for (let number = 0; number < 6; number += 1) {
    ids.push(all.server.addEvent());
    await all.pass(10_000);
  }
  assert.deepEqual(tab.states, ["connecting", "live"]);
  assert.deepEqual(tab.handled, ids);
  assert.ok(all.server.requestsOf("websocket").length <= 12);
  all.server.websocket = "ok";
  await all.pass(31_000);
  assert.deepEqual(tab.status.shadow, { both: 6, onlyShown: 0, onlyCompared: 0, connected: true });
  all.server.switchTo("sse");
  await all.pass(100);
  assert.equal(tab.status.shadow, null);
  assert.equal(all.server.open.size, 1);
});

test("every event that a link delivers is reported, with the link's id", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(1_000);
  const id = all.server.addEvent();
  await all.pass(10);
  assert.deepEqual(tab.receipts, [
    { id, transport: "sse", shown: true, receivedAt: tab.environment.date() - 10, link: "link1" },
  ]);
  assert.deepEqual(tab.links.map(({ phase }) => phase), ["opened", "worked"]);
});

test("a connection that takes over does not deliver states older than the newest event", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  let socket = null;
  all.server.makeSocket = () => (socket = { close() {} });
  all.server.switchTo("websocket");
  await all.pass(2_000);
  const say = (...frames) => socket.onmessage({ data: JSON.stringify(frames) });
  const from = all.server.newest;
  const id = all.server.addEvent({ unread_count: 4 }); // the old connection is faster
  await all.pass(10);
  say({ type: "cursor", cursor: from }, { type: "notification", unread_count: 3 });
  say(all.server.log.at(-1));
  assert.deepEqual([tab.status.transport, tab.handled], ["websocket", [id]]);
  assert.equal(tab.frames.at(-1).unread_count, 4);
  say({ type: "notification", unread_count: 2 });
  assert.equal(tab.frames.at(-1).unread_count, 2);
});

test("a state after a reset is passed on, however low the log's ids are now", async () => {
  const all = scene();
  for (let number = 0; number < 9; number += 1) all.server.addEvent();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  const [link] = all.server.open;
  link.send([{ type: "cursor", cursor: 2 }, { type: "reset", reason: "ahead" }, { type: "notification", unread_count: 3 }]);
  assert.equal(tab.resets, 1);
  assert.equal(tab.frames.at(-1).unread_count, 3);
  link.send([{ type: "notification", unread_count: 1 }]);
  assert.equal(tab.frames.at(-1).unread_count, 1);
});
