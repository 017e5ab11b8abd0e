// What the page knows of end-to-end encryption: for whom it encrypts, what it can read, and what stands in the way.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EncryptedConversations } from "../../../messaging/static/messaging/js/encrypted_conversations.js";
import { Encryption } from "../../../messaging/static/messaging/js/encryption.js";
import { fingerprint, isUsable, safetyNumber } from "../../../messaging/static/messaging/js/fingerprints.js";
import { Kept } from "../../../messaging/static/messaging/js/kept.js";
import { plainText } from "../../../messaging/static/messaging/js/message_view.js";
import { rightsOf } from "../../../messaging/static/messaging/js/rights.js";
import { fakeStorage } from "../support/fake_storage.js";

/** A server's keys, as the page's endpoint has them. */
function fakeServer() {
  let keys = [];
  return {
    add: (key) => keys.push({ published_at: "2026-11-30T08:00:00+08:00", ...key }),
    remove: (user, device) => (keys = keys.filter((key) => key.user_id !== user || key.device_id !== device)),
    as: (me) => ({
      get: async (_path, { people }) => ({ keys: keys.filter(({ user_id: user }) => people.split(",").includes(String(user))) }),
      put: async (_path, body) => {
        keys = keys.filter((key) => key.user_id !== me || key.device_id !== body.device_id);
        keys.push({ user_id: me, published_at: "2026-11-30T08:00:00+08:00", ...body });
      },
      delete: async (path) => (keys = keys.filter(({ device_id: id }) => !path.endsWith(id))),
    }),
  };
}

function fakeStore(device = null) {
  return {
    read: async () => device,
    keep: async (made) => (device ??= made),
    addReader: async (reader) => (device &&= { ...device, readers: [...(device.readers ?? []), reader] }),
    remove: async () => (device = null),
  };
}

function browser(server, me, { store = fakeStore(), storage = fakeStorage() } = {}) {
  return new Encryption({ api: server.as(me), me: String(me), store, choices: new EncryptedConversations(me, () => storage) });
}

const withOther = (other) => ({ id: 1, kind: "direct", other: { id: other, name: "Ben" } });
const message = (text, more = {}) => ({ id: 5, kind: "encrypted", text, sender_id: 7, sender_name: "Ana", ...more });

async function pair() {
  const server = fakeServer();
  const [ana, ben] = [browser(server, 7), browser(server, 9)];
  await ana.switchOn(withOther(9));
  await ben.switchOn(withOther(7));
  return { server, ana, ben };
}

test("what one encrypts the other reads, and one's own is read at once", async () => {
  const { ana, ben } = await pair();
  const envelope = await ana.seal("Good morning", withOther(9));
  assert.equal(ana.shown(message(envelope)).plain, "Good morning");
  assert.equal(ben.shown(message(envelope)).plain, undefined);
  assert.equal((await ben.read(message(envelope))).plain, "Good morning");
  assert.equal(plainText(ben.shown(message(envelope))), "Good morning");
});

test("nothing is encrypted as long as somebody has no keys that can be used", async () => {
  const server = fakeServer();
  const ana = browser(server, 7);
  await assert.rejects(ana.seal("x", withOther(9)), { status: 409, isFinal: true });
  await ana.switchOn(withOther(9));
  assert.equal((await ana.look(withOther(9))).lacks, "others");
  server.add({ user_id: 9, device_id: "old", public_key: { kty: "RSA", n: "a", e: "AQAB" } });
  assert.equal((await ana.look(withOther(9))).lacks, "others");
  await assert.rejects(ana.seal("x", withOther(9)), /no device with keys/);
  await browser(server, 9).switchOn(withOther(7));
  assert.match(await ana.seal("x", withOther(9)), /"v":1/); // the key that cannot be used is passed over
});

test("a key that was removed on another device is said, and published again only by switching on", async () => {
  const { server, ana } = await pair();
  const [{ device_id: own }] = (await ana.look(withOther(9))).devices.filter(({ isHere }) => isHere);
  server.remove(7, own);
  assert.equal((await ana.look(withOther(9))).lacks, "published");
  await assert.rejects(ana.seal("x", withOther(9)), /was removed/);
  await ana.switchOn(withOther(9));
  assert.equal((await ana.look(withOther(9))).lacks, null);
});

test("both see the same number, which tells when a device is added", async () => {
  const { server, ana, ben } = await pair();
  const conversations = [withOther(9), withOther(7)];
  const [first, second] = await Promise.all([ana, ben].map((one, at) => one.look(conversations[at])));
  assert.equal(first.number, second.number);
  assert.match(first.number, /^(\d{5} ){11}\d{5}$/);
  ana.acceptFirst(withOther(9));
  assert.equal(ana.state(withOther(9)).isChanged, false);
  await browser(server, 9).switchOn(withOther(7));
  assert.equal((await ana.look(withOther(9))).isChanged, true);
  ana.acceptFirst(withOther(9)); // no second time
  assert.equal(ana.state(withOther(9)).isChanged, true);
  ana.accept(withOther(9));
  assert.equal(ana.state(withOther(9)).isChanged, false);
});

test("a browser without the keys says why it reads nothing", async () => {
  const { server, ana } = await pair();
  const envelope = await ana.seal("Good morning", withOther(9));
  const other = browser(server, 9);
  assert.match((await other.read(message(envelope))).problem, /has no keys/);
  await other.switchOn(withOther(7));
  assert.match((await other.read(message(envelope))).problem, /not encrypted for this browser/);
  assert.match((await ana.read(message("no envelope"))).problem, /damaged/);
  await ana.forget();
  assert.equal(ana.hasKeys, false);
  assert.match((await ana.read(message(envelope))).problem, /has no keys/);
});

test("a choice survives the page and signing out, and is each person's own", async () => {
  const server = fakeServer();
  const [storage, store] = [fakeStorage(), fakeStore()];
  await browser(server, 7, { storage, store }).switchOn(withOther(9));
  new Kept(7, () => storage).clear();
  new Kept(9, () => storage).clearOthers();
  const again = browser(server, 7, { storage, store });
  await again.loaded;
  assert.deepEqual([again.isOn(1), again.isOn(2), again.hasKeys], [true, false, true]);
  assert.equal(browser(server, 9, { storage }).isOn(1), false);
  again.switchOff(withOther(9));
  assert.deepEqual([again.isOn(1), again.isChosen(1), again.isChosen(2)], [false, true, false]);
});

test("where the browser keeps nothing, encryption is not switched on", async () => {
  const full = fakeStore();
  full.keep = () => Promise.reject(new Error("Full."));
  const server = fakeServer();
  const ana = browser(server, 7, { store: full });
  await assert.rejects(ana.switchOn(withOther(9)), /keeps no keys/);
  const silent = { getItem: () => null, setItem: () => { throw new Error("Not allowed."); } };
  await assert.rejects(browser(server, 7, { storage: silent }).switchOn(withOther(9)), /keeps no keys/);
  assert.equal(ana.isOn(1), false);
});

test("a key's number depends on whose it is and on all of it", async () => {
  const { publicKey } = await keyOf();
  const device = { user_id: 7, device_id: "desk", public_key: publicKey };
  const numbers = await Promise.all([
    device, { ...device, user_id: 9 }, { ...device, device_id: "phone" }, { ...device, public_key: { ...publicKey, x: "a" } },
  ].map(fingerprint));
  assert.equal(new Set(numbers).size, 4);
  assert.match(numbers[0], /^(\d{5} ){3}\d{5}$/);
  const other = { ...device, user_id: 9 };
  assert.equal(await safetyNumber([device, other]), await safetyNumber([other, device]));
  assert.deepEqual(await Promise.all([device, { public_key: {} }, { public_key: { ...publicKey, x: "a" } }].map(isUsable)), [true, false, false]);
});

async function keyOf() {
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { publicKey: { kty, crv, x, y } };
}

test("an encrypted message may be corrected where it can be read", () => {
  const own = message("…", { sender_id: 7 });
  assert.equal(rightsOf(own, {}, 7).mayEdit, false);
  assert.equal(rightsOf({ ...own, plain: "Yes" }, {}, 7).mayEdit, true);
});

test("the tabs of a browser have the same keys, whichever makes them", async () => {
  const [server, store, storage] = [fakeServer(), fakeStore(), fakeStorage()];
  await browser(server, 9).switchOn(withOther(7));
  const tabs = [1, 2, 3].map(() => browser(server, 7, { store, storage }));
  await Promise.all(tabs.map(({ loaded }) => loaded)); // none has keys yet
  await Promise.all(tabs.slice(0, 2).map((tab) => tab.switchOn(withOther(9))));
  const mine = (await tabs[0].look(withOther(9))).devices.filter(({ isMine }) => isMine);
  assert.equal(mine.length, 1);
  const envelope = await tabs[0].seal("Good morning", withOther(9));
  assert.match((await tabs[2].read(message(envelope))).problem, /has no keys/);
  tabs[2].onStorage("something else");
  tabs[2].onStorage("gistagum-encrypted-7");
  await tabs[2].loaded;
  assert.deepEqual([tabs[2].isOn(1), (await tabs[2].read(message(envelope))).plain], [true, "Good morning"]);
});

test("with a copy another browser reads what was written since, and nobody else does", async () => {
  const { server, ana, ben } = await pair();
  const before = await ben.seal("Before", withOther(7));
  const file = await ana.makeCopy(withOther(9), "correct horse battery");
  const after = await ben.seal("After", withOther(7));
  const other = browser(server, 7);
  await assert.rejects(other.readCopy(file, "correct horse battery"), /keeps no keys/); // it has none of its own yet
  await other.switchOn(withOther(9));
  await assert.rejects(other.readCopy(file, "another passphrase"), /no copy of your keys/);
  for (const wrong of ["", "{}", "null", file.replace('"user_id":"7"', '"user_id":"9"'), file.replace("600000", "1e999")]) {
    await assert.rejects(other.readCopy(wrong, "correct horse battery"), /no copy of your keys/, wrong);
  }
  await assert.rejects(ben.readCopy(file, "correct horse battery"), /no copy of your keys/);
  await other.readCopy(file, "correct horse battery");
  assert.equal((await other.read(message(after))).plain, "After");
  assert.match((await other.read(message(before))).problem, /not encrypted for this browser/);
  assert.equal((await ana.read(message(before))).plain, "Before");
  assert.ok((await ana.look(withOther(9))).devices.some(({ isCopy, isMine }) => isCopy && isMine));
});

/** A pair whose first number Ana has accepted, and a way to name a key of Ben's that is not his. */
async function acceptedPair() {
  const both = await pair();
  await both.ana.look(withOther(9));
  both.ana.acceptFirst(withOther(9));
  const { publicKey } = await keyOf();
  return { ...both, inject: () => both.server.add({ user_id: 9, device_id: "injected", public_key: publicKey }) };
}

test("a change of one's own devices is accepted by itself", async () => {
  const { ana } = await acceptedPair();
  await ana.makeCopy(withOther(9), "correct horse battery");
  assert.equal(ana.state(withOther(9)).isChanged, false);
  const copy = ana.state(withOther(9)).devices.find(({ isCopy }) => isCopy);
  await ana.removeDevice(withOther(9), copy.device_id);
  assert.deepEqual([ana.state(withOther(9)).isChanged, ana.state(withOther(9)).devices.length], [false, 2]);
});

test("a change of one's own devices accepts no other key that is new", async () => {
  const { ana, inject } = await acceptedPair();
  inject();
  assert.equal((await ana.look(withOther(9))).isChanged, true);
  await ana.makeCopy(withOther(9), "correct horse battery");
  assert.equal(ana.state(withOther(9)).isChanged, true);
  const copy = ana.state(withOther(9)).devices.find(({ isCopy }) => isCopy);
  await ana.removeDevice(withOther(9), copy.device_id);
  assert.equal(ana.state(withOther(9)).isChanged, true);
});

test("a key that is named while one changes one's own devices is not accepted with it", async () => {
  const { server, inject, ana } = await acceptedPair();
  const { put } = server.as(7);
  const api = { ...server.as(7), put: async (...sent) => put(...sent).then(inject) };
  const [storage, store] = [fakeStorage(), fakeStore()];
  const other = new Encryption({ api: server.as(7), me: "7", store, choices: new EncryptedConversations(7, () => storage) });
  await other.switchOn(withOther(9));
  other.acceptFirst(withOther(9));
  const again = new Encryption({ api, me: "7", store, choices: new EncryptedConversations(7, () => storage) });
  await again.makeCopy(withOther(9), "correct horse battery");
  assert.equal(again.state(withOther(9)).isChanged, true);
  assert.equal((await ana.look(withOther(9))).isChanged, true);
});

test("nothing is encrypted for keys that have changed before the person has looked at them", async () => {
  const { ana, inject } = await acceptedPair();
  await ana.seal("Before", withOther(9));
  inject();
  let shown = 0;
  ana.addEventListener("change", () => (shown += 1));
  for (const text of ["First", "The next one that waits"]) {
    await assert.rejects(ana.seal(text, withOther(9)), { status: 409, isFinal: true, code: "keys_changed" });
  }
  assert.ok(shown > 0);
  await ana.look(withOther(9)); // as the line does by itself
  await assert.rejects(ana.seal("First", withOther(9)), /have changed/);
  ana.see(withOther(9));
  assert.match(await ana.seal("First", withOther(9)), /"v":1/);
  assert.equal(ana.state(withOther(9)).isChanged, true);
  ana.accept(withOther(9));
  assert.match(await ana.seal("Second", withOther(9)), /"v":1/);
});
