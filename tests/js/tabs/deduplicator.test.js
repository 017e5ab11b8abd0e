import assert from "node:assert/strict";
import { test } from "node:test";

import { Deduplicator } from "../../../realtime/static/realtime/js/tabs/deduplicator.js";
import { FakeTab, scene } from "../support/fake_tab.js";

function deduplicatorFrom(cursor) {
  const handled = [];
  const errors = [];
  const onFrame = (frame) => handled.push(frame.id ?? frame.type);
  const deduplicator = new Deduplicator({ cursor, onFrame, onError: (error) => errors.push(error) });
  return { deduplicator, handled, errors };
}
const event = (id) => ({ type: "notification", id });
const cursor = (at) => ({ type: "cursor", cursor: at });

test("an event is passed on once, whichever link delivers it, and in order", () => {
  const { deduplicator, handled } = deduplicatorFrom(10);
  deduplicator.process([event(9), event(10), event(11), event(13)]);
  deduplicator.process([event(11), event(12), event(13), event(14)]); // another link that lags behind
  assert.deepEqual(handled, [11, 13, 14]);
  assert.equal(deduplicator.cursor, 14);
});

test("the cursor advances past events for other users, and never goes back", () => {
  const { deduplicator, handled } = deduplicatorFrom(10);
  deduplicator.process([cursor(20), event(15), cursor(18), { type: "dashboard_update" }]);
  assert.deepEqual(handled, ["dashboard_update"]);
  assert.equal(deduplicator.cursor, 20);
});

test("a page without a cursor starts with the first one that arrives", () => {
  const { deduplicator, handled } = deduplicatorFrom(null);
  assert.equal(deduplicator.hasGapBefore(50), false);
  deduplicator.process([event(51), cursor(52)]);
  assert.deepEqual(handled, [51]);
  assert.equal(deduplicator.cursor, 52);
});

test("after a reset it continues from the server's cursor, which may be in the reset or follow it", () => {
  for (const frames of [[{ type: "reset", cursor: 5 }], [{ type: "reset", cursor: null }, cursor(5)]]) {
    const { deduplicator, handled } = deduplicatorFrom(999);
    deduplicator.process([...frames, event(6)]);
    assert.deepEqual(handled, ["reset", 6]);
    assert.equal(deduplicator.cursor, 6);
  }
});

test("a handler that throws does not affect the next frame", () => {
  const seen = [];
  const errors = [];
  const onFrame = ({ id }) => {
    seen.push(id);
    if (id === 1) throw new Error("Oh");
  };
  const onError = ({ message }) => errors.push(message);
  new Deduplicator({ cursor: 0, onFrame, onError }).process([event(1), event(2)]);
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(errors, ["Oh"]);
});

for (const transport of ["sse", "websocket", "poll"]) {
  test(`an invalid cursor causes a reset, after which events are delivered: ${transport}`, async () => {
    const all = scene();
    if (transport === "poll") all.server.sse = "html";
    for (let number = 0; number < 5; number += 1) all.server.addEvent();
    const tab = new FakeTab(all, { transport: transport === "poll" ? "sse" : transport, cursor: "999999999" });
    await all.pass(100);
    assert.equal(tab.resets, 1);
    assert.equal(tab.manager.cursor, "5");
    const id = all.server.addEvent();
    await all.pass(20_000);
    assert.deepEqual(tab.handled, [id]);
    assert.equal(tab.resets, 1);
  });

  test(`restoring an older database under an open page causes a reset too: ${transport}`, async () => {
    const all = scene();
    if (transport === "poll") all.server.sse = "html";
    for (let number = 0; number < 50; number += 1) all.server.addEvent();
    const tab = new FakeTab(all, { transport: transport === "poll" ? "sse" : transport });
    await all.pass(20_000);
    all.server.log.length = 10;
    for (const link of [...all.server.open]) link.break();
    await all.pass(20_000);
    assert.equal(tab.resets, 1);
    const id = all.server.addEvent();
    await all.pass(20_000);
    assert.deepEqual(tab.handled, [id]);
    assert.equal(id, 11);
  });
}

test("handlers get the frames of their topic; with a project's id only those about the project", async () => {
  const all = scene();
  const tab = new FakeTab(all);
  const seen = { notifications: [], dashboard: [], projects: [], one: [] };
  tab.manager.connectNotifications(({ type }) => seen.notifications.push(type));
  tab.manager.connectDashboard(({ type }) => seen.dashboard.push(type));
  const stop = tab.manager.connectProjects(({ type }) => seen.projects.push(type));
  tab.manager.connectProjects((frame) => seen.one.push(frame.project_id ?? frame.type), "3");
  tab.manager.connectDashboard(() => {
    throw new Error("Oh");
  });
  await all.pass(100);
  all.server.addEvent();
  all.server.broadcast({ type: "dashboard_update", total_projects: 1, status_counts: {} });
  for (const id of [3, 4]) all.server.addEvent({ type: "progress_updated", project_id: id });
  all.server.broadcast({ type: "project_status", projects: [{ id: 4 }, { id: 3 }] });
  all.server.broadcast({ type: "project_status", projects: [{ id: 4 }, null] });
  await all.pass(100);
  stop();
  all.server.addEvent({ type: "projects_changed" });
  await all.pass(100);
  assert.deepEqual(seen, {
    notifications: ["notification"],
    dashboard: ["dashboard_update"],
    projects: ["progress_updated", "progress_updated", "project_status", "project_status"],
    one: [3, "project_status", "projects_changed"],
  });
  assert.deepEqual(tab.errors.map(({ message }) => message), ["Oh"]);
});
