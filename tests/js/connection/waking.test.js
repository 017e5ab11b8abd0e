// A machine that was asleep: its connections are dead, though nobody closed them. The page says so at once, comes back over the
// same transport, and blames nobody.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeTab, scene } from "../support/fake_tab.js";

const HOUR = 3_600_000;
// By browser: the monotonic clock stands still during sleep, or goes on; the wall clock comes back right or wrong.
const SLEEPS = {
  "the monotonic clock stands still": { wall: 8 * HOUR, monotonic: 0 },
  "both clocks go on": { wall: 0, monotonic: 8 * HOUR },
  "a quarter of a minute": { wall: 15_000, monotonic: 0 },
  "the wall clock comes back an hour early": { wall: -HOUR, monotonic: 0 },
  "the wall clock comes back wrong, the monotonic one went on": { wall: -9 * HOUR, monotonic: 8 * HOUR },
};

/** The machine sleeps: no code runs, and whatever was open is dead on the server only. Returns an event that happened. */
function sleep({ clock, server }, { wall, monotonic }) {
  server.open.clear();
  const id = server.addEvent();
  clock.wallOffset += wall;
  clock.now += monotonic;
  return id;
}

function assertBlameless(tab, transport) {
  assert.deepEqual(tab.fallbacks, []);
  const ends = tab.links.filter(({ phase, shadow }) => phase === "ended" && !shadow).map(({ reason }) => reason);
  assert.ok(ends.every((reason) => ["stale", "stopped", "told"].includes(reason)), `${ends}`);
  assert.deepEqual([tab.status.state, tab.status.transport], ["live", transport]);
}

for (const [name, kind] of Object.entries(SLEEPS)) {
  for (const transport of ["sse", "websocket"]) {
    test(`on waking a page is stale at once, and live over the same transport: ${transport}, ${name}`, async () => {
      const all = scene();
      const tab = new FakeTab(all, { transport });
      await all.pass(40_000);
      tab.states.length = 0;
      const id = sleep(all, kind);
      const before = all.server.requestsOf(transport).length;
      await all.pass(1_100);
      assert.deepEqual(tab.states, ["reconnecting", "live"]);
      assert.deepEqual(tab.handled, [id]);
      assert.equal(all.server.requestsOf(transport).length, before + 1);
      await all.pass(120_000);
      assertBlameless(tab, transport);
    });
  }
}

test("a page that fell back before the machine slept comes back over what it had", async () => {
  for (const [websocket, sse, transport] of [["blocked", "ok", "sse"], ["blocked", "html", "poll"]]) {
    const all = scene();
    Object.assign(all.server, { websocket, sse });
    const tab = new FakeTab(all, { transport: "websocket" });
    await all.pass(20_000);
    assert.equal(tab.status.transport, transport);
    const tries = all.server.requestsOf("websocket").length;
    const id = sleep(all, { wall: 8 * HOUR, monotonic: 0 });
    await all.pass(1_100);
    assert.deepEqual([tab.status.state, tab.status.transport, tab.handled], ["live", transport, [id]]);
    assert.equal(all.server.requestsOf("websocket").length, tries);
  }
});

for (const event of ["visible", "online", "resume"]) {
  test(`a page does not wait for its timer when the browser says "${event}"`, async () => {
    const all = scene();
    const tab = new FakeTab(all, { transport: "websocket" });
    await all.pass(40_000);
    if (event === "visible") await tab.setVisible(false);
    if (event === "resume") await tab.suspend();
    const id = sleep(all, { wall: 8 * HOUR, monotonic: 0 });
    tab.states.length = 0;
    if (event === "visible") await tab.setVisible(true);
    if (event === "online") await tab.network(true);
    if (event === "resume") await tab.resume();
    await all.pass(10);
    assert.deepEqual(tab.states, ["reconnecting", "live"]);
    assert.deepEqual(tab.handled, [id]);
    assert.deepEqual(tab.fallbacks, []);
  });
}

test("while the network is not up yet no transport is blamed, and the same one is tried until it is", async () => {
  for (const transport of ["websocket", "sse"]) {
    const all = scene();
    const tab = new FakeTab(all, { transport });
    await all.pass(40_000);
    tab.links.length = 0;
    const id = sleep(all, { wall: 8 * HOUR, monotonic: 0 });
    all.server.up = false;
    await all.pass(6_000);
    assert.equal(tab.status.state, "reconnecting");
    assert.deepEqual(all.server.requestsOf("poll"), []);
    assert.ok(all.server.requestsOf(transport).length <= 6);
    if (transport === "websocket") assert.deepEqual(all.server.requestsOf("sse"), []);
    all.server.up = true;
    await all.pass(4_000);
    assert.deepEqual(tab.handled, [id]);
    assertBlameless(tab, transport);
  }
});

test("a network that lets the transport through no more is found out, and that is its failure", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(40_000);
  const id = sleep(all, { wall: 8 * HOUR, monotonic: 0 });
  all.server.websocket = "blocked";
  await all.pass(3_000);
  assert.deepEqual([tab.status.state, tab.status.transport, tab.handled], ["live", "sse", [id]]);
  assert.deepEqual(tab.fallbacks, [{ from: "websocket", to: "sse", reason: "blocked" }]);
});

test("who was signed out during the night is told so", async () => {
  for (const transport of ["websocket", "sse"]) {
    const all = scene();
    const tab = new FakeTab(all, { transport });
    await all.pass(40_000);
    sleep(all, { wall: 8 * HOUR, monotonic: 0 });
    all.server.user = null;
    await all.pass(1_500);
    assert.equal(tab.status.state, "signed-out");
    assert.deepEqual(tab.fallbacks, []);
  }
});

test("all tabs are stale at once and live again over one connection, also when the hidden one leads", async () => {
  const all = scene();
  const leader = new FakeTab(all, { transport: "websocket" });
  await all.pass(1_000);
  const others = [new FakeTab(all, { transport: "websocket" }), new FakeTab(all, { transport: "websocket" })];
  await all.pass(40_000);
  await leader.setVisible(false);
  await all.pass(30_000);
  assert.ok(leader.status.leader);
  const before = all.server.requestsOf("websocket").length;
  for (const tab of others) tab.states.length = 0;
  const id = sleep(all, { wall: 8 * HOUR, monotonic: 0 });
  await all.pass(1_100);
  for (const tab of others) {
    assert.equal(tab.states[0], "reconnecting");
    assert.deepEqual([tab.status.state, tab.handled], ["live", [id]]);
  }
  await all.pass(60_000);
  assert.equal(all.server.requestsOf("websocket").length, before + 1);
  assert.equal(all.server.open.size, 1);
  assertBlameless(leader, "websocket");
});

test("the timers of a hidden page are late, and a page that was busy is not asleep", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  await all.pass(20_000);
  await tab.setVisible(false);
  for (let minute = 0; minute < 5; minute += 1) {
    await tab.freeze();
    await all.pass(60_000);
    await tab.thaw();
    await all.pass(10);
  }
  await tab.setVisible(true);
  await tab.freeze();
  await all.pass(9_000);
  await tab.thaw();
  await all.pass(10_000);
  assert.equal(all.server.requestsOf("sse").length, 1);
  assert.deepEqual(tab.states, ["connecting", "live"]);
});

test("in shadow mode the connection beside it comes back too, and is not blamed", async () => {
  const all = scene();
  const tab = new FakeTab(all, { transport: "shadow" });
  await all.pass(40_000);
  sleep(all, { wall: 8 * HOUR, monotonic: 0 });
  await all.pass(1_100);
  assert.equal(all.server.open.size, 2);
  await all.pass(60_000);
  const ends = tab.links.filter(({ phase }) => phase === "ended").map(({ transport, reason }) => [transport, reason]);
  assert.deepEqual(ends, [["sse", "stale"], ["websocket", "stale"]]);
});

test("an attempt that was under way when the machine fell asleep is not a failure either", async () => {
  const all = scene();
  all.server.websocket = "never";
  const tab = new FakeTab(all, { transport: "websocket" });
  await all.pass(2_000);
  all.server.websocket = "ok";
  sleep(all, { wall: 0, monotonic: 8 * HOUR });
  await all.pass(2_000);
  assertBlameless(tab, "websocket");
});

test("a clock that is set by hand costs one reconnection and nothing else", async () => {
  for (const step of [-3 * HOUR, -10_000, 10_000, 400 * 24 * HOUR]) {
    const all = scene();
    const tab = new FakeTab(all);
    await all.pass(20_000);
    all.clock.wallOffset += step;
    await all.pass(60_000);
    assert.equal(all.server.requestsOf("sse").length, 2, `${step}`);
    assertBlameless(tab, "sse");
    const id = all.server.addEvent();
    await all.pass(10);
    assert.deepEqual(tab.handled, [id]);
  }
});
