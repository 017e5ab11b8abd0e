// A connection ends when the user signs out, and never delivers another user's events.

import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "../support/fake_clock.js";
import { FakeTab, scene } from "../support/fake_tab.js";

for (const transport of ["sse", "websocket"]) {
  test(`signed out: it stops, shows that, and sends no more requests: ${transport}`, async () => {
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
    // One request when the page becomes visible: the user may have signed in again in another tab.
    await tab.setVisible(true);
    await all.pass(60_000);
    assert.equal(all.server.requests.length, asked + 1);
    assert.equal(tab.status.state, "signed-out");
    all.server.user = "7";
    await tab.setVisible(true);
    await all.pass(100);
    assert.equal(tab.status.state, "live");
  });

  test(`another user signed in: it stops and shows that: ${transport}`, async () => {
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

test("a socket that does not open because the user is signed out shows that too", async () => {
  const all = scene();
  all.server.user = null;
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(5_000);
  assert.deepEqual(tab.states, ["connecting", "signed-out"]);
});

test("a refusal that the status request does not confirm is ignored", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(20_000);
  for (const link of [...all.server.open]) link.close(4401);
  await all.pass(5_000);
  assert.deepEqual([tab.status.state, tab.status.transport], ["live", "websocket"]);
});

test("a page can request the check", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  tab.manager.check();
  await all.pass(10);
  assert.equal(tab.status.state, "live");
  assert.equal(all.server.requestsOf("sse").length, 1, "the check does not affect the connection");
  all.server.user = null;
  tab.manager.check();
  await all.pass(10);
  assert.equal(tab.status.state, "signed-out");
  assert.equal(all.server.open.size, 0);
});

test("an obsolete response has no effect", async () => {
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

test("signing out affects all tabs, and so does signing in again", async () => {
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

for (const [name, user, status] of [["signed out", null, "ok"], ["another user", "8", "ok"], ["unknown", null, "fault"]]) {
  test(`a tab that is refused while it catches up does not poll without end: ${name}`, async () => {
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
    const count = (kind) => all.server.requestsOf(kind).length;
    assert.ok(count("poll") <= 1, `${count("poll")} polls without time passing`);
    assert.ok(count("status") <= 3, `${count("status")} status requests without time passing`);
    await all.pass(60_000);
    assert.ok(count("poll") <= 15, `${count("poll")} polls in a minute`);
    all.server.status = "ok";
    all.server.user = "7";
    leader.manager.check();
    await all.pass(60_000);
    assert.deepEqual([leader, away].map((tab) => tab.handled.length), [1, 1]);
    assert.equal(away.status.state, "live");
  });
}
