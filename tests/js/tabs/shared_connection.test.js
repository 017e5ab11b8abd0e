// One connection for all tabs of a browser: whoever closes, crashes or hangs, one of the others goes on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LiveManager } from "../../../realtime/static/realtime/js/manager.js";
import { scene, FakeTab } from "../support/fake_tab.js";

async function tabsOf(all, count, options = {}) {
  const tabs = Array.from({ length: count }, (_, index) => new FakeTab(all, { hidden: index > 0, ...options }));
  await all.pass(100);
  return tabs;
}

const leaders = (tabs) => tabs.filter((tab) => tab.status.leader);

/** Of these tabs, this one leads and no other. */
function assertLeads(leader, tabs) {
  assert.deepEqual(tabs.map((tab) => tab.status.leader), tabs.map((tab) => tab === leader));
}

/** Everything that happened is handled in each of these tabs, once and in order. */
function assertWhole(tabs, ids) {
  for (const tab of tabs) assert.deepEqual(tab.handled, ids);
}

test("twenty tabs are one connection, and each hears everything", async () => {
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

test("a leader that closes is followed at once, and nothing is lost in between", async () => {
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

test("a leader that crashes is followed at once", async () => {
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

test("one leader after the other goes, until the last tab is alone", async () => {
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

test("a leader that is frozen with notice lets go, and listens again when it thaws", async () => {
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

test("a leader that hangs without notice is robbed by a tab that somebody looks at", async () => {
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
  // It wakes up, learns that it was robbed, and is one of the others.
  await leader.thaw();
  await all.pass(100);
  ids.push(all.server.addEvent());
  await all.pass(1_000);
  assertLeads(seen, tabs);
  assert.equal(all.server.open.size, 1);
  assertWhole(tabs, ids);
});

test("a leader that hangs while nobody looks is noticed by whoever is already looking", async () => {
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

test("tabs that nobody looks at leave each other in peace", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 3, { hidden: true });
  const [leader] = leaders(tabs);
  await leader.freeze();
  await all.pass(60_000);
  assertLeads(leader, tabs);
  assert.equal(all.server.requestsOf("sse").length, 1);
});

test("a tab that was held up itself does not rob a leader that is there", async () => {
  for (const timersFirst of [true, false]) {
    const all = scene();
    const leader = new FakeTab(all);
    await all.pass(1_000);
    await leader.freeze();
    const other = new FakeTab(all);
    await all.pass(100);
    await other.freeze(); // while it waits for its first answer
    await leader.thaw();
    await all.pass(60_000);
    await other.thaw({ timersFirst });
    await all.pass(20_000);
    assertLeads(leader, [leader, other]);
    assert.equal(other.status.state, "live");
    assert.equal(all.server.requestsOf("sse").length, 1);
  }
});

test("a tab that was robbed is ready to lead again", async () => {
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

test("a tab that is gone before it got the lock does not keep it", async () => {
  const all = scene();
  const gone = new FakeTab(all);
  gone.manager.connect();
  gone.suspend();
  const tab = new FakeTab(all);
  await all.pass(100);
  assertLeads(tab, [gone, tab]);
  assert.equal(all.server.requestsOf("sse").length, 1);
});

test("two tabs that rob at once end as one leader", async () => {
  const all = scene();
  const tabs = await tabsOf(all, 3, { hidden: false });
  const [leader] = leaders(tabs);
  const rest = tabs.filter((tab) => tab !== leader);
  await leader.freeze();
  await all.pass(12_000);
  const ids = [all.server.addEvent()];
  await all.pass(1_000);
  assert.equal(leaders(rest).length, 1);
  assert.equal(all.server.open.size - 1, 1, "and the stream of the frozen one, which the server cannot know of");
  assertWhole(rest, ids);
});

test("a leader that nobody looks at and that finds no server leaves the trying to a tab that is looked at", async () => {
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

test("a tab that was loaded while the leader lagged behind starts from what it shows", async () => {
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

test("a tab that was loaded from a cache asks by itself for what it missed", async () => {
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

test("what comes while a tab catches up is handled after that, once", async () => {
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

test("a tab that asks a process which has not read as far as the leader's waits for it", async () => {
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

test("a gap that cannot be closed is a reset", async () => {
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

test("states from before a page was made are not shown on it", async () => {
  const all = scene();
  await tabsOf(all, 1);
  const tab = new FakeTab(all, { cursor: "50" });
  await all.pass(10);
  for (const link of all.server.open) link.send([{ type: "dashboard_update", total_projects: 1, status_counts: {} }]);
  await all.pass(10);
  assert.deepEqual(tab.frames, []);
});

test("tabs of different people share nothing", async () => {
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
  test(`a browser ${name} falls back to a connection for each tab that is looked at`, async () => {
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

test("a connection of one tab's own carries what its page shows, also what it shows later", async () => {
  const all = scene();
  const tab = new FakeTab(all, { shares: false });
  tab.manager.disconnect(); // which shows everything; this one does not
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

test("nonsense on the channel is left alone", async () => {
  const all = scene();
  const [leader, tab] = await tabsOf(all, 2);
  const stranger = new FakeTab(all, { hidden: true });
  await all.pass(10);
  const channel = all.browser.makeChannel(stranger, "gistagum-live-1-7");
  const nonsense = [null, 7, "x", [], {}, { kind: "batch" }, { kind: "batch", after: "x", frames: [{}] }, { kind: "batch", after: null, frames: [null] }];
  for (const message of nonsense) channel.postMessage(message);
  await all.pass(100);
  const id = all.server.addEvent();
  await all.pass(100);
  assertWhole([leader, tab], [id]);
  assert.deepEqual([leader, tab].flatMap((one) => one.errors), []);
});

test("who ends their part hears nothing more, not even what they were catching up with", async () => {
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
