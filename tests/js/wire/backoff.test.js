import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff } from "../../../realtime/static/realtime/js/wire/backoff.js";

test("the wait is random between 0 and a bound that doubles with each failure, up to 30 seconds", () => {
  const bounds = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  bounds.forEach((bound, failures) => {
    assert.equal(backoff(failures, { random: () => 0 }), 0);
    assert.equal(backoff(failures, { random: () => 0.5 }), bound / 2);
    assert.ok(backoff(failures, { random: () => 0.999999 }) <= bound);
  });
  assert.ok(backoff(5_000) <= 30_000);
});

test("the retries of a thousand browsers are spread out", () => {
  const waits = Array.from({ length: 1_000 }, () => backoff(3));
  const perSecond = Array.from({ length: 8 }, (_, second) => waits.filter((wait) => Math.floor(wait / 1_000) === second).length);
  assert.ok(Math.max(...perSecond) < 200, `${perSecond}`);
});
