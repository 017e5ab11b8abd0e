// Generated streams and frames: the result does not depend on how they are cut, and is always well formed.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  isCursor,
  MalformedError,
  parseCursor,
  parseFrames,
  validateFrames,
} from "../../../realtime/static/realtime/js/wire/frames.js";
import { SseParser } from "../../../realtime/static/realtime/js/wire/sse_parser.js";
import { randomFrom } from "../support/random.js";

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31) || 1;
const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 1_500);

const random = randomFrom(SEED);
const below = (most) => Math.floor(random() * most);
const pick = (list) => list[below(list.length)];
const text = (string) => [...new TextEncoder().encode(string)];

// No byte order mark: node's TextDecoder, unlike Chromium's, removes a second one if the first arrived in pieces.
const PIECES = [
  ...["data", "id", "retry", "event", ":", ": ", " ", "\n", "\r", "\r\n", "\n\n", "\u0000"].map(text),
  ...["₱", "👷🏽", "\u2028", "\u0085", "data: x", "id: 7", "id: 9007199254740993", "retry: 10", "retry: -1"].map(text),
  ...['data: {"type":"cursor"}', "data:__proto__", "__proto__: 1", "constructor: 1"].map(text),
  [0xff],
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f],
  [0x80],
  [0xed, 0xa0, 0x80],
];

function stream() {
  return Uint8Array.from(Array.from({ length: below(40) }, () => pick(PIECES)).flat());
}

test(`the result of a generated stream does not depend on how it is cut (FUZZ_SEED=${SEED})`, () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const bytes = stream();
    const whole = new SseParser().push(bytes);
    const parser = new SseParser();
    const cut = [];
    for (let at = 0; at < bytes.length; ) {
      const size = below(6);
      cut.push(...parser.push(bytes.subarray(at, at + size)));
      at += size;
    }
    assert.deepEqual(cut, whole, `round ${round}: ${bytes}`);
    for (const block of whole) {
      for (const [name, value] of Object.entries(block)) {
        if (name === "retry") assert.ok(Number.isSafeInteger(value) && value >= 0);
        else assert.ok((name === "id" || name === "data") && typeof value === "string", name);
      }
      assert.ok(!block.id?.includes("\0"));
    }
  }
});

const VALUES = [0, -1, 1.5, 7, 2 ** 53, 1e300, null, true, "", "12", "cursor", "notification", [], {}, "__proto__"];

function json(depth = 0) {
  const kind = depth > 3 ? 0 : below(4);
  if (kind < 2) return pick(VALUES);
  if (kind === 2) return Array.from({ length: below(4) }, () => json(depth + 1));
  const names = ["type", "id", "cursor", "at", "__proto__", "projects", "toString"];
  return Object.fromEntries(Array.from({ length: below(5) }, () => [pick(names), json(depth + 1)]));
}

/** Almost a frame, or several. */
function frame() {
  const one = () => ({ type: pick(["notification", "cursor", 7]), [pick(["id", "cursor"])]: pick(VALUES), more: json(2) });
  return pick([one(), one(), [one(), one()], json()]);
}

function mangled(string) {
  const at = below(string.length + 1);
  return pick([string, string, string.slice(0, at), string.slice(at), string.slice(0, at) + pick(["\0", "]", '"', "{"])]);
}

test(`generated frames are valid or rejected (FUZZ_SEED=${SEED})`, () => {
  let good = 0;
  for (let round = 0; round < ROUNDS * 4; round += 1) {
    const input = mangled(JSON.stringify(frame()));
    let frames;
    try {
      frames = parseFrames(input);
    } catch (error) {
      assert.ok(error instanceof MalformedError, `round ${round}: ${error.stack}`);
      continue;
    }
    good += frames.length;
    assert.equal(validateFrames(frames), frames);
    for (const frame of frames) {
      assert.equal(typeof frame.type, "string");
      assert.ok(frame.type === "cursor" ? isCursor(frame.cursor) : frame.id === undefined || isCursor(frame.id), input);
    }
  }
  assert.ok(good > ROUNDS / 20, "hardly any of them are valid, so this proves nothing");
  assert.equal({}.type, undefined);
});

test(`a generated cursor is valid or null (FUZZ_SEED=${SEED})`, () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const input = Array.from({ length: below(20) }, () => pick([..."0123456789+-. eExX_\n\u0663\u{1d7d8}"])).join("");
    const cursor = parseCursor(input);
    assert.ok(cursor === null || (isCursor(cursor) && Number(input) === cursor), input);
  }
});
