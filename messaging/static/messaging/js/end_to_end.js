// End-to-end encryption with WebCrypto: texts that only the devices of two people can read.
//
// A text is encrypted once, with a key of its own (AES-GCM). That key is encrypted for each device, with a secret that
// only this device and the sender of the moment can compute (ECDH on P-256, HKDF). The private key of a device never
// leaves it: it cannot be exported, and is kept in IndexedDB. docs/messaging-api.md, "End-to-end encryption".

const VERSION = 1;
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const CIPHER = { name: "AES-GCM", length: 256 };
const IV_BYTES = 12;

/** Thrown for a text that was not encrypted for this device (`isForOthers`), or was changed on its way. */
export class Unreadable extends Error {
  isForOthers = false;
}

/**
 * Makes the keys of a device.
 * @returns {Promise<{privateKey: CryptoKey, publicKey: JsonWebKey}>} the public key is what is published
 */
export async function makeDevice() {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { privateKey: pair.privateKey, publicKey: { kty, crv, x, y } };
}

/**
 * Encrypts a text for devices of both people, the own ones included.
 * @param {string} text
 * @param {Array<{user_id: number | string, device_id: string, public_key: JsonWebKey}>} devices as the server lists them
 * @returns {Promise<string>} what is sent as the content of a message of the type "encrypted"
 */
export async function encrypt(text, devices) {
  const content = await crypto.subtle.generateKey(CIPHER, true, ["encrypt"]);
  const raw = await crypto.subtle.exportKey("raw", content);
  const ephemeral = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", ephemeral.publicKey);
  const keys = {};
  for (const device of devices) {
    const name = nameOf(device);
    keys[name] = await seal(await secretWith(ephemeral.privateKey, device.public_key, name), raw);
  }
  const body = await seal(content, new TextEncoder().encode(text));
  return JSON.stringify({ v: VERSION, from: { kty, crv, x, y }, keys, body });
}

/**
 * Decrypts a text on a device.
 * @param {string} envelope the content of the message
 * @param {{user_id: number | string, device_id: string, privateKey: CryptoKey}} device this one
 * @returns {Promise<string>} the text
 * @throws {Unreadable} it was not encrypted for this device, or was changed
 */
export async function decrypt(envelope, device) {
  try {
    const { v, from, keys, body } = JSON.parse(envelope);
    const name = nameOf(device);
    if (v !== VERSION) throw new Unreadable("of another version");
    if (!Object.hasOwn(keys, name)) throw Object.assign(new Unreadable("not for this device"), { isForOthers: true });
    const raw = await unseal(await secretWith(device.privateKey, from, name), keys[name]);
    const content = await crypto.subtle.importKey("raw", raw, CIPHER, false, ["decrypt"]);
    return new TextDecoder("utf-8", { fatal: true }).decode(await unseal(content, body));
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable("changed on its way", { cause: error });
  }
}

function nameOf({ user_id, device_id }) {
  return `${user_id}/${device_id}`;
}

/** The key that one's private and another's public key give, for one device alone. */
async function secretWith(privateKey, publicKey, name) {
  const other = await crypto.subtle.importKey("jwk", publicKey, CURVE, false, []);
  const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: other }, privateKey, 256);
  const material = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: new TextEncoder().encode(name) };
  return crypto.subtle.deriveKey(derivation, material, CIPHER, false, ["encrypt", "decrypt"]);
}

async function seal(key, bytes) {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes));
  return toBase64(iv) + toBase64(sealed);
}

async function unseal(key, text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const [iv, sealed] = [bytes.subarray(0, IV_BYTES), bytes.subarray(IV_BYTES)];
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
}

/** Base64 in pieces: a call has a limited number of arguments. Twelve bytes need no padding, so two may be joined. */
function toBase64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
