import assert from "node:assert/strict";
import { test } from "node:test";

import { SseParser } from "../../../realtime/static/realtime/js/wire/sse_parser.js";
import { randomFrom } from "../support/random.js";

const TRICKY = [
  "\uFEFFretry: 4644\nid: 126\n\n",
  'data: {"message":"₱1,234,567.89 — Señor 👷🏽 Ñ"}\r\n\r\n',
  ": heartbeat\n\n",
  ": heartbeat\nid: 127\n\n",
  "id:128\rdata:no space\r\r",
  "data: first\ndata: second\ndata:\n\n",
  "data\n\n",
  "event: ignored\nfoo\nfoo: bar\nretry: soon\n\n",
  "id: a\u0000b\ndata:  two spaces\n\n",
  "\n\n\r\n\r\r",
  "id: 129\r\ndata: 最後\r\n\r\n",
  "data: without an end",
].join("");
const BLOCKS = [
  { retry: 4644, id: "126" },
  { data: '{"message":"₱1,234,567.89 — Señor 👷🏽 Ñ"}' },
  { id: "127" },
  { id: "128", data: "no space" },
  { data: "first\nsecond\n" },
  { data: "" },
  { data: " two spaces" },
  { id: "129", data: "最後" },
];
const BYTES = new TextEncoder().encode(TRICKY);

function parse(...pieces) {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

test("a stream in one piece", () => {
  assert.deepEqual(parse(BYTES), BLOCKS);
});

test("a stream cut in two at every byte", () => {
  for (let cut = 0; cut <= BYTES.length; cut += 1) {
    assert.deepEqual(parse(BYTES.subarray(0, cut), BYTES.subarray(cut)), BLOCKS, `cut at ${cut}`);
  }
});

test("a stream that arrives byte by byte", () => {
  assert.deepEqual(parse(...Array.from(BYTES, (byte) => Uint8Array.of(byte))), BLOCKS);
});

test("a stream cut anywhere, many times over", () => {
  const seed = Date.now() % 2 ** 31;
  const random = randomFrom(seed);
  for (let round = 0; round < 500; round += 1) {
    const pieces = [];
    for (let at = 0; at < BYTES.length; ) {
      const size = Math.floor(random() * 12);
      pieces.push(BYTES.subarray(at, at + size));
      at += size;
    }
    assert.deepEqual(parse(...pieces), BLOCKS, `seed ${seed}, round ${round}`);
  }
});

test("a line that never ends is an error and does not fill the memory", () => {
  const parser = new SseParser({ maxBlockSize: 1_000 });
  const piece = new TextEncoder().encode("x".repeat(300));
  assert.throws(() => {
    for (let count = 0; count < 4; count += 1) parser.push(piece);
  }, RangeError);
});

test("so is a block that never ends, even of comments", () => {
  for (const line of ["data: 0123456789\n", ": 0123456789\n"]) {
    const parser = new SseParser({ maxBlockSize: 1_000 });
    assert.throws(() => parser.push(new TextEncoder().encode(line.repeat(200))), RangeError);
  }
});

test("many blocks of a normal size are no error", () => {
  const parser = new SseParser({ maxBlockSize: 1_000 });
  const blocks = parser.push(new TextEncoder().encode(`data: ${"x".repeat(500)}\n\n`.repeat(100)));
  assert.equal(blocks.length, 100);
});

test("bytes that are not UTF-8 do not break it", () => {
  const blocks = parse(Uint8Array.of(0xff, 0xfe, 0xc3, 0x28, 10, 10), new TextEncoder().encode("data: on\n\n"));
  assert.deepEqual(blocks, [{ data: "on" }]);
});
