// After an outage all browsers are back soon, and not all at once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { outageWait } from "../../../realtime/static/realtime/js/connection/outage.js";
import { FakeBrowser } from "../support/fake_browser.js";
import { FakeTab, scene } from "../support/fake_tab.js";
import { randomFrom } from "../support/random.js";

const CLIENTS = 5_000;

/** The moments at which so many browsers try, in seconds after they lost the server, until each has reached it. */
function triesOf(clients, outage, random) {
  const tries = [];
  for (let client = 0; client < clients; client += 1) {
    let now = 2 * random();
    tries.push(now);
    while (now < outage) {
      now += outageWait(1_000 * now, random) / 1_000;
      tries.push(now);
    }
  }
  return tries;
}

const latest = (moments) => moments.reduce((one, other) => Math.max(one, other));

function busiestSecond(tries, from) {
  const perSecond = new Map();
  for (const moment of tries) if (moment >= from) perSecond.set(Math.floor(moment), (perSecond.get(Math.floor(moment)) ?? 0) + 1);
  return Math.max(...perSecond.values());
}

test("after an outage of up to twelve seconds the last of 5,000 browsers is back within ten", () => {
  for (let outage = 1; outage <= 12; outage += 1) {
    const tries = triesOf(CLIENTS, outage, randomFrom(17 + outage));
    assert.ok(latest(tries) - outage < 7.3, `${outage} s: ${latest(tries) - outage}`);
  }
});

test("after a longer one they are back within six tenths of it, and within half a minute", () => {
  for (const outage of [20, 30, 60, 600]) {
    const late = latest(triesOf(CLIENTS, outage, randomFrom(outage))) - outage;
    assert.ok(late <= Math.min(30, 0.6 * outage), `${outage} s: ${late}`);
  }
});

test("5,000 browsers that lose a server together do not storm it, neither while it is away nor when it is back", () => {
  // In tries a second; docs/architecture/browser.md has these figures.
  for (const [from, most] of [[0, 4_000], [5, 2_700], [10, 1_500], [20, 750], [40, 400], [120, 300]]) {
    const busiest = busiestSecond(triesOf(CLIENTS, 180, randomFrom(from + 1)), from);
    assert.ok(busiest <= most, `from ${from} s on: ${busiest}`);
  }
  for (const [outage, most] of [[1, 4_000], [5, 2_500], [10, 1_500], [30, 550]]) {
    const busiest = busiestSecond(triesOf(CLIENTS, outage, randomFrom(outage)), outage);
    assert.ok(busiest <= most, `back after ${outage} s: ${busiest}`);
  }
});

test("whatever the random numbers are, a wait is never shorter than half of its bound nor longer than 30 seconds", () => {
  const random = randomFrom(99);
  for (let round = 0; round < 20_000; round += 1) {
    const age = 10 ** (7 * random());
    const bound = Math.min(30_000, Math.max(2_000, 0.6 * age));
    const wait = outageWait(age, random);
    assert.ok(wait >= bound / 2 && wait <= bound, `${age}: ${wait}`);
  }
});

for (const transport of ["sse", "websocket"]) {
  test(`twenty pages are live again within ten seconds of a restart of ten: ${transport}`, async () => {
    const all = scene({ random: randomFrom(7) });
    const tabs = Array.from({ length: 20 }, () => new FakeTab({ ...all, browser: new FakeBrowser(all.clock) }, { transport }));
    await all.pass(30_000);
    all.server.crash();
    const asked = all.server.requests.length;
    await all.pass(10_000);
    assert.ok((all.server.requests.length - asked) / tabs.length < 14);
    const id = all.server.addEvent();
    all.server.up = true;
    await all.pass(8_500);
    for (const tab of tabs) assert.deepEqual([tab.status.state, tab.handled], ["live", [id]]);
  });
}
