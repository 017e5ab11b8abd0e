// What is reported to the server, when, how much at once, and when reporting stops.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Receipts } from "../../../realtime/static/realtime/js/reports/receipts.js";
import { FakeClock, settle } from "../support/fake_clock.js";
import { FakeTab, scene } from "../support/fake_tab.js";

/** A server that accepts reports, or responds as a test chooses. */
class ReportServer {
  reports = [];
  requests = [];
  answer = () => new Response("{}");

  async fetch(address, options) {
    const report = JSON.parse(options.body);
    this.requests.push({ address, ...options });
    const answer = await this.answer(report);
    if (answer.status === 200) this.reports.push(report);
    return answer;
  }

  /** From all accepted reports: the ids of a link's events, by their position on it. */
  events(link) {
    const found = [];
    for (const report of this.reports) {
      for (const { first, events } of report.links.filter((reported) => reported.link === link)) {
        for (const [index, [id]] of events.entries()) found[first + index] = id;
      }
    }
    return found;
  }
}

function made({ url = "/receipts/", wall = () => 0, chance = 0.5 } = {}) {
  const clock = new FakeClock();
  const server = new ReportServer();
  let names = 0;
  const environment = {
    now: () => clock.now,
    date: () => 1_700_000_000_000 + clock.now + wall(),
    random: () => chance,
    makeId: () => `name${++names}`,
    setTimeout: (...timer) => clock.setTimeout(...timer),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    fetch: (...request) => server.fetch(...request),
    isOnline: () => environment.online,
    cookie: () => undefined,
    online: true,
  };
  const receipts = new Receipts({ url, user: "7", token: "secret", environment });
  return { clock, server, environment, receipts, ...receipts.hooks };
}

function open({ onLink }, link = "a", more = {}) {
  onLink({ link, transport: "websocket", phase: "opened", from: 10, topics: ["projects"], ...more });
  onLink({ link, transport: "websocket", phase: "worked" });
}

function deliver({ onReceipt }, ids, link = "a") {
  for (const id of ids) onReceipt({ id, link });
}

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("events within five seconds are one report, with times relative to now", async () => {
  const one = made();
  open(one);
  await one.clock.pass(1_000);
  deliver(one, [11]);
  await one.clock.pass(3_000);
  deliver(one, [12]);
  one.onCursor({ link: "a", cursor: 15 });
  one.onFallback({ from: "websocket", to: "sse", reason: "blocked" });
  assert.equal(one.server.requests.length, 0);
  await one.clock.pass(1_000);
  const [{ address, method, headers, keepalive }] = one.server.requests;
  assert.deepEqual([address, method, headers["X-CSRFToken"], keepalive], ["/receipts/?user=7", "POST", "secret", true]);
  assert.deepEqual(one.server.reports, [
    {
      links: [
        {
          link: "a",
          transport: "websocket",
          shown: true,
          topics: ["projects"],
          reason: "",
          from: 10,
          to: 15,
          opened_ago: 5_000,
          worked_ago: 5_000,
          heard_ago: 1_000,
          ended_ago: null,
          dropped: 0,
          first: 0,
          events: [[11, 4_000], [12, 1_000]],
        },
      ],
      fallbacks: [{ name: "name1", from: "websocket", to: "sse", reason: "blocked", ago: 1_000 }],
    },
  ]);
});

test("browsers report an event at different moments", async () => {
  for (const [chance, moment] of [[0, 3_000], [1, 7_000]]) {
    const one = made({ chance });
    open(one);
    await one.clock.pass(moment - 1);
    assert.equal(one.server.requests.length, 0);
    await one.clock.pass(1);
    assert.equal(one.server.requests.length, 1);
  }
});

test("nothing is reported twice, and nothing at all while nothing happens", async () => {
  const one = made();
  open(one);
  deliver(one, [11]);
  await one.clock.pass(5_000);
  deliver(one, [11, 12]);
  await one.clock.pass(5_000);
  assert.deepEqual(one.server.events("a"), [11, 11, 12]);
  await one.clock.pass(3_600_000);
  assert.equal(one.server.reports.length, 2);
});

test("if only the cursor has moved, the report comes five minutes later", async () => {
  const one = made();
  open(one);
  await one.clock.pass(5_000);
  for (let cursor = 20; cursor < 40; cursor += 1) {
    one.onCursor({ link: "a", cursor });
    await one.clock.pass(14_000);
  }
  assert.equal(one.server.reports.length, 1);
  await one.clock.pass(20_000);
  assert.equal(one.server.reports.length, 2);
  assert.equal(one.server.reports[1].links[0].to, 39);
});

test("a link is reported until its end, and then removed", async () => {
  const one = made();
  open(one, "a", { shadow: true });
  one.onLink({ link: "a", transport: "websocket", phase: "ended", reason: "silent" });
  await one.clock.pass(5_000);
  const [{ links: [reported] }] = one.server.reports;
  assert.deepEqual([reported.reason, reported.ended_ago, reported.shown], ["silent", 5_000, false]);
  deliver(one, [11]);
  await one.clock.pass(60_000);
  assert.equal(one.server.reports.length, 1);
  assert.equal(one.clock.pending, 0);
});

test("a link without an initial cursor starts from the first one that it delivers", async () => {
  const one = made();
  open(one, "a", { from: null });
  one.onCursor({ link: "a", cursor: 30 });
  open(one, "b", { from: null });
  deliver(one, [41], "b");
  await one.clock.pass(5_000);
  assert.deepEqual(one.server.reports[0].links.map(({ from, to }) => [from, to]), [[30, 30], [40, 41]]);
});

test("events that a reset skips are not missing", async () => {
  const one = made();
  open(one);
  one.onCursor({ link: "a", cursor: 500, reset: true });
  deliver(one, [501]);
  await one.clock.pass(5_000);
  const [{ from, to }] = one.server.reports[0].links;
  assert.deepEqual([from, to], [500, 501]);
});

test("a large report is split, and no part claims more than it contains", async () => {
  const one = made();
  open(one);
  deliver(one, range(11, 1_310));
  await one.clock.pass(5_000);
  assert.deepEqual(one.server.reports.map(({ links: [reported] }) => [reported.first, reported.events.length, reported.to]), [
    [0, 500, 510],
    [500, 500, 1_010],
    [1_000, 300, 1_310],
  ]);
  assert.deepEqual(one.server.reports.map(({ links: [reported] }) => reported.heard_ago), [null, null, 5_000]);
  for (const { body } of one.server.requests) assert.ok(body.length < 32_000);
});

test("events beyond the limit are dropped, counted, and not missing", async () => {
  const one = made();
  one.environment.online = false;
  open(one);
  deliver(one, range(11, 2_510));
  await one.clock.pass(5_000);
  one.environment.online = true;
  await one.clock.pass(60_000);
  const all = one.server.reports.map(({ links: [reported] }) => reported);
  assert.deepEqual([all[0].dropped, all[0].first, all[0].from], [500, 500, 510]);
  assert.deepEqual(one.server.events("a").slice(500), range(511, 2_510));
});

test("links that cannot be reported do not accumulate", async () => {
  const one = made();
  one.server.answer = () => new Response("", { status: 503 });
  for (let number = 0; number < 300; number += 1) {
    open(one, `link${number}`);
    deliver(one, range(1, 5), `link${number}`);
    one.onLink({ link: `link${number}`, phase: "ended", reason: "closed" });
    one.onFallback({ from: "websocket", to: "sse", reason: "blocked" });
  }
  one.server.answer = () => new Response("{}");
  await one.clock.pass(60_000);
  const links = one.server.reports.flatMap((report) => report.links.map(({ link }) => link));
  assert.deepEqual(links, range(250, 299).map((number) => `link${number}`));
  assert.equal(one.server.reports.flatMap((report) => report.fallbacks).length, 50);
  for (const report of one.server.reports) assert.ok(report.links.length <= 20 && report.fallbacks.length <= 20);
});

test("a server that is down is retried, ever less often, and nothing is lost", async () => {
  const one = made({ chance: 1 });
  open(one);
  deliver(one, [11]);
  let tries = 0;
  one.server.answer = () => {
    tries += 1;
    if (tries % 2) throw new TypeError("no network");
    return new Response("", { status: 500 });
  };
  await one.clock.pass(600_000);
  assert.ok(tries >= 8 && tries <= 15, `${tries} tries`);
  one.server.answer = () => new Response("{}");
  await one.clock.pass(60_000);
  assert.deepEqual(one.server.events("a"), [11]);
});

test("Retry-After is obeyed", async () => {
  const one = made();
  open(one);
  one.server.answer = () => new Response("", { status: 429, headers: { "Retry-After": "42" } });
  await one.clock.pass(5_000);
  assert.equal(one.server.requests.length, 1);
  deliver(one, [11]);
  await one.clock.pass(41_999);
  assert.equal(one.server.requests.length, 1);
  one.server.answer = () => new Response("{}");
  await one.clock.pass(1);
  assert.deepEqual(one.server.events("a"), [11]);
});

for (const status of [0, 401, 403, 404, 409]) {
  test(`reporting pauses silently at ${status || "a redirect"}, for ever longer, and goes on afterwards`, async () => {
    const one = made();
    open(one);
    one.server.answer = () => (status ? new Response("", { status }) : Response.error());
    await one.clock.pass(5_000);
    open(one, "b");
    deliver(one, [11], "b");
    one.receipts.flush();
    await one.clock.pass(440_000);
    assert.equal(one.server.requests.length, 1);
    await one.clock.pass(4 * 3_600_000);
    assert.ok(one.server.requests.length <= 8, `${one.server.requests.length}`);
    one.server.answer = () => new Response("{}");
    await one.clock.pass(3_600_000);
    assert.deepEqual(one.server.events("b"), [11]);
  });
}

test("who signs out and in again, in whichever tab, is reported again at once, and nothing meanwhile", async () => {
  for (const status of [null, 401, 403, 409]) {
    const one = made();
    open(one);
    deliver(one, [11]);
    if (status) one.server.answer = () => new Response("", { status });
    if (status) await one.clock.pass(5_000); // the report met the other session before the page knew of it
    const before = one.server.requests.length;
    one.onLink({ link: "a", phase: "ended", reason: "signed-out" });
    one.receipts.stop();
    one.server.answer = () => new Response("{}");
    one.receipts.flush();
    await one.clock.pass(3_600_000);
    assert.equal(one.server.requests.length, before);
    one.environment.cookie = () => "new";
    open(one, "b");
    deliver(one, [12], "b");
    await one.clock.pass(8_000);
    assert.deepEqual([one.server.events("a"), one.server.events("b")], [[11], [12]], `${status}`);
    assert.equal(one.server.requests.at(-1).headers["X-CSRFToken"], "new");
  }
});

test("a browser that says for ever that it has no network reports all the same", async () => {
  const one = made();
  one.environment.online = false;
  open(one);
  deliver(one, [11]);
  await one.clock.pass(8_000);
  deliver(one, [12]);
  one.receipts.flush();
  await settle();
  assert.deepEqual(one.server.events("a"), [11, 12]);
});

test("a link of weeks is reported, with times that the server accepts", async () => {
  const one = made();
  open(one);
  await one.clock.pass(5_000);
  one.clock.now += 20 * 24 * 3_600_000;
  deliver(one, [11]);
  await one.clock.pass(8_000);
  const { opened_ago, worked_ago } = one.server.reports.at(-1).links[0];
  assert.deepEqual([opened_ago, worked_ago], [7 * 24 * 3_600_000, 7 * 24 * 3_600_000]);
  assert.deepEqual(one.server.events("a"), [11]);
});

test("after signing out nothing is reported", async () => {
  const one = made();
  open(one);
  deliver(one, [11]);
  one.receipts.stop();
  deliver(one, [12]);
  one.receipts.flush();
  await one.clock.pass(600_000);
  assert.equal(one.server.requests.length, 0);
  assert.equal(one.clock.pending, 0);
});

test("a report that the server rejects is not sent again", async () => {
  const one = made();
  open(one);
  one.server.answer = () => new Response("", { status: 400 });
  await one.clock.pass(5_000);
  one.server.answer = () => new Response("{}");
  deliver(one, [11]);
  await one.clock.pass(5_000);
  assert.equal(one.server.requests.length, 2);
  assert.deepEqual(one.server.events("a"), [11]);
});

test("when the page is left, everything is sent at once, even during another report", async () => {
  const one = made();
  open(one);
  deliver(one, [11]);
  let take;
  one.server.answer = () => new Promise((resolve) => (take = () => resolve(new Response("{}"))));
  await one.clock.pass(5_000);
  const first = take;
  deliver(one, [12]);
  one.onLink({ link: "a", phase: "ended", reason: "stopped" });
  one.receipts.flush();
  await settle();
  take();
  first();
  await settle();
  assert.equal(one.server.requests.length, 2);
  assert.deepEqual(one.server.events("a"), [11, 12]); // 11 twice, at the same position: it counts once
  assert.equal(one.server.reports.at(0).links[0].reason, "stopped");
  await one.clock.pass(60_000);
  assert.equal(one.clock.pending, 0);
});

test("events that arrive during a report are in the next one", async () => {
  const one = made();
  open(one);
  deliver(one, [11]);
  let take;
  one.server.answer = () => new Promise((resolve) => (take = () => resolve(new Response("{}"))));
  await one.clock.pass(5_000);
  deliver(one, [12]);
  take();
  await one.clock.pass(5_000);
  take();
  await settle();
  assert.deepEqual(one.server.reports.map(({ links: [reported] }) => [reported.first, reported.events.length]), [[0, 1], [1, 1]]);
});

test("events that arrived while the machine was suspended have no time", async () => {
  let slept = 0;
  const one = made({ wall: () => slept });
  open(one);
  deliver(one, [11]);
  slept = 3_600_000; // the wall clock continued, the monotonic one did not
  deliver(one, [12]);
  await one.clock.pass(5_000);
  deliver(one, [13]);
  await one.clock.pass(30_000);
  deliver(one, [14]);
  await one.clock.pass(5_000);
  const agos = one.server.reports.flatMap(({ links: [reported] }) => reported.events);
  assert.deepEqual(agos, [[11, null], [12, null], [13, null], [14, 5_000]]);
});

for (const jump of [8 * 3_600_000, 60_000, -3_600_000]) {
  test(`a link that slept through events does not claim to have heard of them: the wall clock moved by ${jump}`, async () => {
    let slept = 0;
    const one = made({ wall: () => slept });
    open(one);
    deliver(one, [11]);
    slept = jump;
    one.onCursor({ link: "a", cursor: 12 }); // it lay in a buffer
    one.onLink({ link: "a", phase: "ended", reason: "stale" });
    await one.clock.pass(8_000);
    const [{ heard_ago, reason, events }] = one.server.reports[0].links;
    assert.deepEqual([heard_ago, reason, events], [null, "stale", [[11, null]]]);
  });
}

test("without a URL nothing is recorded", async () => {
  const one = made({ url: "" });
  open(one);
  deliver(one, [11]);
  one.receipts.flush();
  await one.clock.pass(60_000);
  assert.equal(one.server.requests.length, 0);
  assert.equal(one.clock.pending, 0);
});

// --- with a real manager ----------------------------------------------------------------------------------------------

function reporting(transport) {
  const all = scene();
  const reportServer = new ReportServer();
  const hooks = {};
  const tab = new FakeTab(all, { transport, hooks });
  let names = 0;
  const environment = {
    ...tab.environment,
    fetch: (...request) => reportServer.fetch(...request),
    makeId: () => `name${++names}`,
  };
  const receipts = new Receipts({ url: "/receipts/", user: "7", environment });
  Object.assign(hooks, receipts.hooks);
  return { ...all, tab, reportServer, receipts };
}

test("in shadow mode both connections are reported, each with its cursors and topics", async () => {
  const { pass, server, reportServer } = reporting("shadow");
  await pass(100);
  const begin = server.newest;
  const ids = [server.addEvent(), server.addEvent()];
  await pass(6_000);
  const links = new Map(reportServer.reports.flatMap((report) => report.links).map((reported) => [reported.transport, reported]));
  for (const [transport, shown] of [["sse", true], ["websocket", false]]) {
    const reported = links.get(transport);
    assert.deepEqual([reported.shown, reported.from, reported.to], [shown, begin, ids[1]], transport);
    assert.deepEqual(reported.topics, ["notifications", "dashboard", "projects", "messages"]);
    assert.deepEqual(reportServer.events(reported.link), ids);
    assert.ok(reported.worked_ago <= reported.opened_ago);
  }
});

test("a WebSocket that is blocked is reported, and the fallback with its reason", async () => {
  const all = reporting("websocket");
  all.server.websocket = "blocked";
  await all.pass(6_000);
  const links = all.reportServer.reports.flatMap((report) => report.links);
  const failed = links.find(({ transport }) => transport === "websocket");
  assert.deepEqual([failed.worked_ago, failed.reason], [null, "blocked"]);
  assert.ok(failed.ended_ago > 0);
  assert.ok(links.find(({ transport }) => transport === "sse").worked_ago > 0);
  const [{ name, ago, ...fallback }] = all.reportServer.reports.flatMap((report) => report.fallbacks);
  assert.deepEqual(fallback, { from: "websocket", to: "sse", reason: "blocked" });
  assert.match(name, /^name\d/);
  assert.ok(ago >= 0);
});

test("it is reported when a change was painted, with its receipt or after it, and once", async () => {
  const one = made();
  open(one);
  deliver(one, [11, 12]);
  await one.clock.pass(1_000);
  one.receipts.painted([11, 99]);
  await one.clock.pass(4_000);
  assert.deepEqual(one.server.reports[0].links[0].painted, [[11, 4_000]]);
  await one.clock.pass(60_000);
  assert.equal(one.server.reports.length, 1, "nothing more is reported unless something is painted");
  one.receipts.painted([11, 12]);
  await one.clock.pass(5_000);
  const [, { links }] = one.server.reports;
  assert.deepEqual([links[0].events, links[0].painted], [[], [[12, 5_000]]]);
});

test("what a refused report says of paints is said again, and paints are bounded", async () => {
  const one = made();
  open(one);
  deliver(one, range(11, 711));
  one.receipts.painted(range(11, 711));
  one.server.answer = () => new Response("", { status: 500 });
  await one.clock.pass(5_000);
  one.server.answer = () => new Response("{}");
  await one.clock.pass(120_000);
  const painted = one.server.reports.flatMap(({ links }) => links.flatMap((link) => link.painted ?? []));
  assert.deepEqual(painted.map(([id]) => id), range(212, 711));
});

test("in shadow, only the link that is shown paints", async () => {
  const one = made();
  open(one);
  open(one, "b", { shadow: true });
  deliver(one, [11]);
  deliver(one, [11], "b");
  one.receipts.painted([11]);
  await one.clock.pass(5_000);
  const links = Object.fromEntries(one.server.reports[0].links.map((link) => [link.link, link.painted]));
  assert.deepEqual(links, { a: [[11, 5_000]], b: undefined });
});
