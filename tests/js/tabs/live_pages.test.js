// The live pages of all tabs: the leader asks the server for them with its connection, and anew when another one is opened.

import assert from "node:assert/strict";
import { test } from "node:test";

import { LivePages } from "../../../realtime/static/realtime/js/tabs/live_pages.js";
import { FakeTab, scene } from "../support/fake_tab.js";

const asked = ({ server }, kind = "sse") => server.requestsOf(kind).map(({ pages }) => pages);

test("a tab asks for its page with its connection; a page that is none asks for nothing", async () => {
  const all = scene();
  const tab = new FakeTab(all, { livePage: "dashboard" });
  await all.pass(100);
  assert.deepEqual(asked(all), ["dashboard"]);
  await tab.close();
  new FakeTab(all, {});
  await all.pass(100);
  assert.deepEqual(asked(all), ["dashboard", null]);
});

for (const transport of ["sse", "websocket"]) {
  test(`by ${transport}, the leader connects anew for the page of another tab, and loses nothing and nobody notices`, async () => {
    const all = scene();
    const leader = new FakeTab(all, { transport, livePage: "dashboard" });
    await all.pass(100);
    const ids = [all.server.addEvent()];
    const other = new FakeTab(all, { transport, livePage: "project-7", hidden: true });
    ids.push(all.server.addEvent());
    await all.pass(100);
    ids.push(all.server.addEvent());
    await all.pass(100);
    assert.deepEqual(asked(all, transport), ["dashboard", "dashboard,project-7"]);
    assert.deepEqual(leader.handled, ids);
    assert.deepEqual(other.handled, ids.slice(1));
    assert.deepEqual(leader.states, ["connecting", "live"]);
    // A third tab with a page that is asked for already changes nothing.
    new FakeTab(all, { transport, livePage: "dashboard", hidden: true });
    await all.pass(60_000);
    assert.equal(asked(all, transport).length, 2);
  });
}

test("a new leader is told the pages of the tabs that are looked at", async () => {
  const all = scene();
  const leader = new FakeTab(all, { livePage: "dashboard" });
  await all.pass(100);
  const others = ["work", "projects"].map((livePage) => new FakeTab(all, { livePage }));
  await all.pass(100);
  await leader.close();
  await all.pass(1_000);
  assert.deepEqual(new Set(asked(all).at(-1).split(",")), new Set(["work", "projects"]));
  assert.ok(others.every((tab) => tab.status.state === "live"));
});

test("with more pages than the server accepts, those that were opened last are asked for", async () => {
  const all = scene();
  for (let number = 0; number < 12; number++) {
    new FakeTab(all, { livePage: `project-${number}`, hidden: number > 0 });
    await all.pass(100);
  }
  assert.equal(asked(all).at(-1), ["project-0", ...[5, 6, 7, 8, 9, 10, 11].map((number) => `project-${number}`)].join());
});

test("too many pages that are looked at do not make their tabs ask on and on", async () => {
  const all = scene();
  for (let number = 0; number < 12; number++) new FakeTab(all, { livePage: `project-${number}` });
  await all.pass(10_000);
  const count = asked(all).length;
  await all.pass(60_000);
  assert.ok(asked(all).length - count <= 2 * 12, "each tab without its page asks twice a minute at most");
});

test("a page is missing from the pages of a leader that knows others only", () => {
  const pages = new LivePages("work");
  assert.ok(!pages.isMissingFrom(["work"], 0));
  assert.ok(pages.isMissingFrom(["dashboard"], 0));
  assert.ok(!pages.isMissingFrom(["dashboard"], 29_999));
  assert.ok(pages.isMissingFrom(["dashboard"], 30_000));
  assert.ok(!new LivePages("").isMissingFrom([], 0));
  assert.ok(!pages.add(7) && !pages.add("") && pages.add("dashboard") && !pages.add("dashboard"));
});
