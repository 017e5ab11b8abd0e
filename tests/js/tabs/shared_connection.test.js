// One connection for all tabs of a browser. If the leader closes, crashes or hangs, another tab takes over.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LiveManager } from "../../../realtime/static/realtime/js/manager.js";
import { FakeTab, scene } from "../support/fake_tab.js";

async function tabsOf(all, count, options = {}) {
  const tabs = Array.from({ length: count }, (_, index) => new FakeTab(all, { hidden: index > 0, ...options }));
  await all.pass(100);
  return tabs;
}

const leaders = (tabs) => tabs.filter((tab) => tab.status.leader);

/** Exactly this one of these tabs is the leader. */
function assertLeads(leader, tabs) {
  assert.deepEqual(tabs.map((tab) => tab.status.leader), tabs.map((tab) => tab === leader));
}

/** Each of these tabs has handled all events, once and in order. */
function assertWhole(tabs, ids) {
  for (const tab of tabs) assert.deepEqual(tab.handled, ids);
}

test("twenty tabs share one connection, and each receives everything", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 20);
  const ids = [all.server.addEvent(), all.server.addEvent()];
  await all.pass(60_000);
  assert.equal(all.server.maxOpen, 1);
  assert.equal(all.server.requestsOf("sse").length, 1);
  assert.equal(leaders(tabs).length, 1);
  assertWhole(tabs, ids);
  for (const tab of tabs) assert.deepEqual([tab.status.state, tab.status.transport], ["live", "sse"]);
});

test("a state without an id reaches every tab as well", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 3);
  all.server.broadcast({ type: "dashboard_update", total_projects: 4, status_counts: {} });
  await all.pass(10);
  for (const tab of tabs) assert.equal(tab.frames.at(-1).total_projects, 4);
});

test("a leader that closes is replaced at once, and nothing is lost in between", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 5);
  const ids = [all.server.addEvent()];
  await all.pass(10);
  const [leader] = leaders(tabs);
  await leader.close();
  ids.push(all.server.addEvent());
  const rest = tabs.filter((tab) => tab !== leader);
  await all.pass(100);
  ids.push(all.server.addEvent());
  await all.pass(10);
  assertWhole(rest, ids);
  assert.equal(leaders(rest).length, 1);
  assert.equal(all.server.open.size, 1);
  assert.equal(all.server.maxOpen, 1, "the old one was closed first");
});

test("a leader that crashes is replaced at once", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 3, { transport: "websocket" });
  const [leader] = leaders(tabs);
  await leader.crash();
  const ids = [all.server.addEvent()];
  await all.pass(100);
  const rest = tabs.filter((tab) => tab !== leader);
  assertWhole(rest, ids);
  assert.equal(rest.filter((tab) => tab.status.state === "live").length, 2);
});

test("leaders close one after the other, until one tab is left", async () => {
  const all = scene();
  let tabs = await tabsOf(all, 8);
  const ids = [];
  while (tabs.length > 1) {
    const [leader] = leaders(tabs);
    tabs = tabs.filter((tab) => tab !== leader);
    ids.push(all.server.addEvent());
    await (ids.length % 2 ? leader.close() : leader.crash());
    ids.push(all.server.addEvent());
    await all.pass(500);
    assertWhole(tabs, ids);
  }
});

test("a leader that gets a freeze event resigns, and receives events again when it is resumed", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 2);
  const [leader] = leaders(tabs);
  const other = tabs.find((tab) => tab !== leader);
  await leader.suspend(); // the browser's "freeze" event
  const ids = [all.server.addEvent()];
  await all.pass(1_000);
  assertWhole([other], ids);
  await leader.resume();
  ids.push(all.server.addEvent());
  await all.pass(1_000);
  assertWhole([other, leader], ids);
  assertLeads(other, tabs);
});

test("a visible tab steals the lock of a leader that hangs", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 3);
  const [leader] = leaders(tabs);
  const [seen, hidden] = tabs.filter((tab) => tab !== leader);
  await leader.setVisible(false);
  await leader.freeze();
  await seen.setVisible(true);
  const ids = [all.server.addEvent()];
  await all.pass(4_000);
  assertLeads(seen, [seen, hidden]);
  assertWhole([seen, hidden], ids);
  // It resumes, finds that its lock was stolen, and becomes a follower.
  await leader.thaw();
  await all.pass(100);
  ids.push(all.server.addEvent());
  await all.pass(1_000);
  assertLeads(seen, tabs);
  assert.equal(all.server.open.size, 1);
  assertWhole(tabs, ids);
});

test("a tab that was visible before a leader hung notices it", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 2, { hidden: false });
  const [leader] = leaders(tabs);
  const other = tabs.find((tab) => tab !== leader);
  await all.pass(30_000);
  await leader.freeze();
  await all.pass(8_000);
  assert.ok(other.status.leader);
  assert.equal(other.status.state, "live");
});

test("hidden tabs do not steal the lock", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 3, { hidden: true });
  const [leader] = leaders(tabs);
  await leader.freeze();
  await all.pass(60_000);
  assertLeads(leader, tabs);
  assert.equal(all.server.requestsOf("sse").length, 1);
});

test("a tab that was suspended itself does not steal the lock of a leader that responds", async () => {
  for (const timersFirst of [true, false]) {
    const all = scene();
    const leader = new FakeTab(all);
    await all.pass(1_000);
    await leader.freeze();
    const other = new FakeTab(all);
    await all.pass(100);
    await other.freeze(); // while it waits for its first response
    await leader.thaw();
    await all.pass(60_000);
    await other.thaw({ timersFirst });
    await all.pass(20_000);
    assertLeads(leader, [leader, other]);
    assert.equal(other.status.state, "live");
    assert.equal(all.server.requestsOf("sse").length, 1);
  }
});

test("a tab whose lock was stolen can become the leader again", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 2, { hidden: false });
  const [leader] = leaders(tabs);
  const robber = tabs.find((tab) => tab !== leader);
  await leader.freeze();
  await all.pass(10_000);
  await leader.thaw();
  await all.pass(100);
  assertLeads(robber, tabs);
  await robber.close();
  await all.pass(100);
  assertLeads(leader, [leader]);
  assert.equal(leader.status.state, "live");
  assert.equal(all.server.open.size, 1);
});

test("a tab that closes before its lock is granted does not keep it", async () => {
  const all = scene();
  const gone = new FakeTab(all);
  gone.manager.connect();
  gone.suspend();
  const tab = new FakeTab(all);
  await all.pass(100);
  assertLeads(tab, [gone, tab]);
  assert.equal(all.server.requestsOf("sse").length, 1);
});

test("two tabs that steal the lock at once end up with one leader", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 3, { hidden: false });
  const [leader] = leaders(tabs);
  const rest = tabs.filter((tab) => tab !== leader);
  await leader.freeze();
  await all.pass(12_000);
  const ids = [all.server.addEvent()];
  await all.pass(1_000);
  assert.equal(leaders(rest).length, 1);
  assert.equal(all.server.open.size - 1, 1, "plus the stream of the frozen tab, which the server cannot detect");
  assertWhole(rest, ids);
});

test("a hidden leader that cannot reconnect is replaced by a visible tab", async () => {
  const all = scene({ random: () => 0.9 });
  const tabs = await tabsOf(all, 2);
  const [leader] = leaders(tabs);
  const other = tabs.find((tab) => tab !== leader);
  await leader.setVisible(false);
  await other.setVisible(true);
  all.server.crash();
  await all.pass(30_000);
  assertLeads(other, tabs);
  all.server.up = true;
  await all.pass(30_000);
  for (const tab of tabs) assert.equal(tab.status.state, "live");
});

test("a tab that was loaded while the leader lagged behind starts from its own cursor", async () => {
  const all = scene();
  const [leader] = await tabsOf(all, 1);
  const shown = [all.server.newest];
  for (const link of all.server.open) link.send = () => {}; // nothing arrives
  shown.push(all.server.addEvent());
  const late = new FakeTab(all, { cursor: String(all.server.newest) });
  await all.pass(100);
  assert.deepEqual(late.handled, []);
  assert.equal(late.manager.cursor, String(shown[1]));
  assert.ok(leader.status.leader);
});

test("a tab that was loaded from a cache polls for what it missed", async () => {
  const all = scene();
  await tabsOf(all, 1);
  const ids = Array.from({ length: 1_020 }, () => all.server.addEvent());
  await all.pass(10);
  const old = new FakeTab(all, { cursor: "0" });
  await all.pass(2_000);
  assertWhole([old], ids);
  ids.push(all.server.addEvent());
  await all.pass(10);
  assertWhole([old], ids);
  assert.equal(old.resets, 0);
  assert.equal(all.server.requestsOf("sse").length, 1);
});

test("events that arrive while a tab catches up are handled after that, once", async () => {
  const all = scene();
  await tabsOf(all, 1);
  const ids = Array.from({ length: 3 }, () => all.server.addEvent());
  await all.pass(10);
  all.server.poll = "away";
  const old = new FakeTab(all, { cursor: "0" });
  await all.pass(10);
  ids.push(all.server.addEvent());
  await all.pass(10);
  assert.deepEqual(old.handled, [], "not out of order");
  all.server.poll = "ok";
  await all.pass(5_000);
  ids.push(all.server.addEvent());
  await all.pass(10);
  assertWhole([old], ids);
});

test("a tab that polls a process which lags behind the leader's waits for it", async () => {
  const all = scene();
  await tabsOf(all, 1);
  const ids = Array.from({ length: 5 }, () => all.server.addEvent());
  await all.pass(10);
  all.server.lag = 2;
  const old = new FakeTab(all, { cursor: "0" });
  await all.pass(100);
  assertWhole([old], ids.slice(0, 3));
  all.server.lag = 0;
  await all.pass(400);
  assertWhole([old], ids);
});

test("a gap that cannot be closed causes a reset", async () => {
  for (const page of [{ pollUrl: undefined }, {}]) {
    const all = scene();
    await tabsOf(all, 1);
    Array.from({ length: 3 }, () => all.server.addEvent());
    await all.pass(10);
    all.server.poll = "fault";
    const old = new FakeTab(all, { cursor: "0", ...page });
    await all.pass(120_000);
    assert.equal(old.resets, 1);
    const id = all.server.addEvent();
    await all.pass(10);
    assertWhole([old], [id]);
  }
});

test("states from before a page was rendered are not shown on it", async () => {
  const all = scene();
  await tabsOf(all, 1);
  const tab = new FakeTab(all, { cursor: "50" });
  await all.pass(10);
  for (const link of all.server.open) link.send([{ type: "dashboard_update", total_projects: 1, status_counts: {} }]);
  await all.pass(10);
  assert.deepEqual(tab.frames, []);
});

test("tabs of different users share nothing", async () => {
  const all = scene();
  await tabsOf(all, 2);
  all.server.user = "8";
  const other = new FakeTab(all, { userId: "8", user: "user8" });
  await all.pass(100);
  assert.equal(other.status.state, "live");
  assert.ok(other.status.leader);
});

for (const [name, spoil] of Object.entries({
  "without Web Locks": (tab) => tab,
  "whose locks may not be used": (tab) => {
    tab.environment.locks = () => ({ request: () => Promise.reject(new DOMException("No.", "SecurityError")) });
  },
  "whose channels may not be used": (tab) => {
    tab.environment.makeChannel = () => {
      throw new DOMException("No.", "SecurityError");
    };
  },
})) {
  test(`a browser ${name} falls back to a connection for each visible tab`, async () => {
    const all = scene();
    const shares = name !== "without Web Locks";
    const tabs = [new FakeTab(all, { shares }), new FakeTab(all, { shares, hidden: true })];
    tabs.forEach(spoil);
    await all.pass(100);
    assert.equal(tabs[0].status.state, "live");
    assert.equal(all.server.open.size, 1);
    const ids = [all.server.addEvent()];
    await tabs[0].setVisible(false);
    await tabs[1].setVisible(true);
    await all.pass(2_500);
    assert.equal(all.server.open.size, 1);
    assertWhole(tabs, ids);
    ids.push(all.server.addEvent());
    await all.pass(10_000);
    assertWhole([tabs[1]], ids);
    await tabs[0].setVisible(true);
    await all.pass(100);
    assertWhole(tabs, ids);
    assert.deepEqual(tabs.flatMap((tab) => tab.errors), []);
  });
}

test("a tab's own connection subscribes to the topics that its page handles, later ones included", async () => {
  const all = scene();
  const tab = new FakeTab(all, { shares: false });
  tab.manager.disconnect(); // it handles all topics; this one does not
  const manager = new LiveManager("sse", tab.page);
  const seen = [];
  manager.connectNotifications(() => {});
  await all.pass(100);
  assert.equal(all.server.requestsOf("sse").at(-1).topics, "notifications");
  manager.connectDashboard(({ total_projects: total }) => seen.push(total));
  await all.pass(100);
  assert.equal(all.server.requestsOf("sse").at(-1).topics, "notifications,dashboard");
  assert.equal(all.server.open.size, 1);
  all.server.broadcast({ type: "dashboard_update", total_projects: 4, status_counts: {} });
  await all.pass(100);
  assert.deepEqual(seen, [4]);
});

test("invalid messages on the channel are ignored", async () => {
  const all = scene();
  const [leader, tab] = await tabsOf(all, 2);
  const sender = new FakeTab(all, { hidden: true });
  await all.pass(10);
  const channel = all.browser.makeChannel(sender, "gistagum-live-1-7");
  const batches = [{}, { after: "x", frames: [{}] }, { after: null, frames: [null] }];
  const invalid = [null, 7, "x", [], {}, ...batches.map((batch) => ({ kind: "batch", ...batch }))];
  for (const message of invalid) channel.postMessage(message);
  await all.pass(100);
  const id = all.server.addEvent();
  await all.pass(100);
  assertWhole([leader, tab], [id]);
  assert.deepEqual([leader, tab].flatMap((one) => one.errors), []);
});

test("a tab that disconnects receives nothing more, not even what it was polling for", async () => {
  const all = scene();
  await tabsOf(all, 1);
  for (let number = 0; number < 9; number += 1) all.server.addEvent();
  all.server.poll = "away";
  const late = new FakeTab(all, { cursor: "0" });
  await all.pass(100);
  late.manager.disconnect();
  all.server.poll = "ok";
  await all.pass(60_000);
  assert.deepEqual(late.handled, []);
});

test("when a history is lost every tab resets once, and goes on with ids that are far above", async () => {
  const begins = 2 ** 47;
  const all = scene();
  const tabs = await tabsOf(all, 3);
  const before = Array.from({ length: 3 }, () => all.server.addEvent());
  await all.pass(10);
  const reset = { type: "reset", reason: "last_event_id is of a history that was lost" };
  const state = { type: "notification", unread_count: 4 };
  for (const link of all.server.open) link.send([{ type: "cursor", cursor: begins }, reset, state]);
  all.server.first = begins;
  await all.pass(10);
  assert.deepEqual(tabs.map(({ resets }) => resets), [1, 1, 1]);
  for (const tab of tabs) assert.equal(tab.frames.at(-1).unread_count, 4);
  const after = [all.server.addEvent({ id: begins + 1 }), all.server.addEvent()];
  await all.pass(10);
  assertWhole(tabs, [...before, ...after]);
  assert.equal(all.server.requestsOf("poll").length, 0);
  for (const link of [...all.server.open]) link.break();
  after.push(all.server.addEvent());
  await all.pass(20_000);
  assertWhole(tabs, [...before, ...after]);
  assert.deepEqual(tabs.map(({ resets }) => resets), [1, 1, 1]);
});
