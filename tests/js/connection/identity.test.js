// For whom: a connection ends when somebody signs out, and is never somebody else's.

import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "../support/fake_clock.js";
import { scene, FakeTab } from "../support/fake_tab.js";

for (const transport of ["sse", "websocket"]) {
  test(`signed out: it stops, says so, and asks no more: ${transport}`, async () => {
    const all = scene();
    const tab = new FakeTab(all, { transport });
    await all.pass(20_000);
    all.server.user = null;
    for (const link of [...all.server.open]) transport === "sse" ? link.end() : link.close(4401);
    await all.pass(5_000);
    assert.equal(tab.status.state, "signed-out");
    const asked = all.server.requests.length;
    await all.pass(600_000);
    assert.equal(all.server.requests.length, asked);
    // Once, when somebody looks: perhaps one has signed in again in another tab.
    await tab.setVisible(true);
    await all.pass(60_000);
    assert.equal(all.server.requests.length, asked + 1);
    assert.equal(tab.status.state, "signed-out");
    all.server.user = "7";
    await tab.setVisible(true);
    await all.pass(100);
    assert.equal(tab.status.state, "live");
  });

  test(`somebody else signed in: it stops and says so: ${transport}`, async () => {
    const all = scene();
    const tab = new FakeTab(all, { transport });
    await all.pass(20_000);
    all.server.user = "8";
    for (const link of [...all.server.open]) link.break();
    await all.pass(5_000);
    assert.equal(tab.status.state, "other-user");
    all.server.addEvent();
    await all.pass(60_000);
    assert.deepEqual(tab.handled, []);
    assert.equal(all.server.open.size, 0);
  });
}

test("a socket that does not open because one is signed out says so too", async () => {
  const all = scene();
  all.server.user = null;
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(5_000);
  assert.deepEqual(tab.states, ["connecting", "signed-out"]);
});

test("a refusal that the server does not confirm is not believed", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  for (const link of [...all.server.open]) link.close(4401);
  await all.pass(5_000);
  assert.deepEqual([tab.status.state, tab.status.transport], ["live", "websocket"]);
});

test("a page that suspects it asks", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  tab.manager.check();
  await all.pass(10);
  assert.equal(tab.status.state, "live");
  assert.equal(all.server.requestsOf("sse").length, 1, "nothing is broken by asking");
  all.server.user = null;
  tab.manager.check();
  await all.pass(10);
  assert.equal(tab.status.state, "signed-out");
  assert.equal(all.server.open.size, 0);
});

test("an answer that comes when nobody waits for it any more changes nothing", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  all.server.user = null;
  tab.manager.check();
  await tab.suspend();
  all.server.user = "7";
  await all.pass(100);
  assert.ok(!tab.states.includes("signed-out"));
  await tab.resume();
  await all.pass(100);
  assert.equal(tab.status.state, "live");
});

test("signing out is known in all tabs, and so is coming back", async () => {
  const all = scene();
  const tabs = [new FakeTab(all), new FakeTab(all, { hidden: true })];
  await all.pass(20_000);
  all.server.user = null;
  for (const link of [...all.server.open]) link.end();
  await all.pass(5_000);
  assert.deepEqual(tabs.map((tab) => tab.status.state), ["signed-out", "signed-out"]);
  all.server.user = "7";
  tabs.push(new FakeTab(all));
  await all.pass(100);
  assert.deepEqual(tabs.map((tab) => tab.status.state), ["live", "live", "live"]);
  assert.equal(all.server.open.size, 1);
});

for (const [name, user, status] of [["signed out", null, "ok"], ["somebody else", "8", "ok"], ["not known who", null, "fault"]]) {
  test(`a tab that has missed something does not ask without an end when it is refused: ${name}`, async () => {
    const all = scene();
    const [leader, away] = [new FakeTab(all), new FakeTab(all)];
    await all.pass(20_000);
    await away.suspend();
    all.server.addEvent();
    await all.pass(100);
    all.server.status = status;
    all.server.user = user;
    leader.manager.check();
    await all.pass(100);
    await away.resume();
    for (let turn = 0; turn < 50; turn += 1) await settle();
    assert.ok(all.server.requestsOf("poll").length <= 1, `${all.server.requestsOf("poll").length} polls in no time`);
    assert.ok(all.server.requestsOf("status").length <= 3, `${all.server.requestsOf("status").length} questions in no time`);
    await all.pass(60_000);
    assert.ok(all.server.requestsOf("poll").length <= 15, `${all.server.requestsOf("poll").length} polls in a minute`);
    all.server.status = "ok";
    all.server.user = "7";
    leader.manager.check();
    await all.pass(60_000);
    assert.deepEqual([leader, away].map((tab) => tab.handled.length), [1, 1]);
    assert.equal(away.status.state, "live");
  });
}
