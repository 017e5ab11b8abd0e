import assert from "node:assert/strict";
import { test } from "node:test";

import { decrypt, encrypt, makeDevice, Unreadable } from "../../../messaging/static/messaging/js/end_to_end.js";

async function device(user_id, device_id) {
  const { privateKey, publicKey } = await makeDevice();
  return { user_id, device_id, privateKey, public_key: publicKey };
}

test("every device of both people reads the text, and no other", async () => {
  const devices = [await device(3, "laptop"), await device(3, "phone"), await device("0b7e", "laptop")];
  const stranger = await device(3, "tablet");
  const envelope = await encrypt("Good morning, ñ 👍", devices);
  for (const one of devices) assert.equal(await decrypt(envelope, one), "Good morning, ñ 👍");
  await assert.rejects(decrypt(envelope, stranger), Unreadable);
  await assert.rejects(decrypt(envelope, { ...stranger, device_id: "laptop" }), Unreadable);
});

test("the server gets ASCII in which the text is not, within what it takes for the longest text", async () => {
  const devices = await Promise.all(Array.from({ length: 40 }, (_, number) => device(3, `device-${number}`)));
  const envelope = await encrypt("ñ".repeat(10_000), devices);
  assert.match(envelope, /^[\x20-\x7e]+$/);
  assert.ok(!envelope.includes("ñ"));
  assert.ok(envelope.length <= 64_000, `${envelope.length}`);
  assert.equal((await decrypt(envelope, devices[39])).length, 10_000);
});

test("a text that was changed on its way is not shown", async () => {
  const own = await device(3, "laptop");
  const sent = JSON.parse(await encrypt("Yes", [own]));
  const other = JSON.parse(await encrypt("No", [own]));
  const changed = [
    { ...sent, body: other.body },
    { ...sent, from: other.from },
    { ...sent, v: 2 },
    { ...sent, keys: {} },
    { ...sent, body: "!" },
    { ...sent, keys: { "3/laptop": null } },
    null,
    [],
  ];
  for (const one of changed) await assert.rejects(decrypt(JSON.stringify(one), own), Unreadable, JSON.stringify(one));
  await assert.rejects(decrypt("no JSON", own), Unreadable);
});

test("a device's private key cannot be exported, and its public key has no private part", async () => {
  const { privateKey, publicKey } = await makeDevice();
  assert.equal(privateKey.extractable, false);
  assert.deepEqual(Object.keys(publicKey).sort(), ["crv", "kty", "x", "y"]);
});

test("the same text is never encrypted to the same twice", async () => {
  const own = await device(3, "laptop");
  assert.notEqual(await encrypt("Yes", [own]), await encrypt("Yes", [own]));
});
