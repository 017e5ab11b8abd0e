// What pages compute without a browser: where toasts may be, times of the office.

import assert from "node:assert/strict";
import { test } from "node:test";

import { officeTime } from "../../realtime/static/realtime/js/pages/clock.js";
import { findPlace, overlaps } from "../../static/js/toasts/place.js";
import { randomFrom } from "./support/random.js";

const VIEW = { left: 0, top: 0, right: 390, bottom: 800 };
const SIZE = { width: 366, height: 80 };
const box = (left, top, width, height) => ({ left, top, right: left + width, bottom: top + height });

test("toasts are in the lower right corner, or in another one that is free", () => {
  const desk = { ...VIEW, right: 1280 };
  assert.deepEqual(findPlace(SIZE, desk, []), { left: 902, top: 708 });
  assert.deepEqual(findPlace(SIZE, desk, [box(1000, 700, 90, 40)]), { left: 12, top: 708 });
  assert.deepEqual(findPlace(SIZE, desk, [box(100, 700, 1000, 40)]), { left: 902, top: 12 });
});

test("with every corner taken they are between, and without any place nowhere", () => {
  const taken = [box(0, 0, 390, 200), box(0, 400, 390, 400)];
  const place = findPlace(SIZE, VIEW, taken);
  assert.ok(place.top >= 206 && place.top + SIZE.height <= 394);
  assert.equal(findPlace(SIZE, VIEW, [...taken, box(0, 280, 390, 40)]), null);
  assert.equal(findPlace({ width: 366, height: 900 }, VIEW, []), null);
});

test("wherever things are, toasts are over none of them and inside of what can be seen", () => {
  const random = randomFrom(7);
  const view = { left: 0, top: 120, right: 390, bottom: 600 }; // zoomed in, with a keyboard
  let placed = 0;
  for (let round = 0; round < 500; round += 1) {
    const taken = Array.from({ length: 4 }, () => box(random() * 390, random() * 700, random() * 200, random() * 60));
    const place = findPlace({ width: 300, height: 60 }, view, taken);
    if (!place) continue;
    placed += 1;
    const at = box(place.left, place.top, 300, 60);
    assert.ok(!taken.some((one) => overlaps(at, one)));
    assert.ok(at.left >= 0 && at.right <= 390 && at.top >= 120 && at.bottom <= 600);
  }
  assert.ok(placed > 100);
});

test("times are those of the office, in its words", () => {
  const moment = Date.parse("2026-11-20T07:04:05Z");
  const options = { zone: "Asia/Manila", now: moment + 60_000 };
  assert.equal(officeTime(moment, options), "3:04 PM");
  assert.equal(officeTime(moment, { ...options, seconds: true }), "3:04:05 PM");
  assert.equal(officeTime(moment, { ...options, now: moment + 86_400_000 }), "Nov 20, 3:04 PM");
  assert.equal(officeTime(Date.parse("2026-11-20T16:30:00Z"), { ...options, now: Date.parse("2026-11-20T17:00:00Z") }), "12:30 AM");
});
