// A copy of keys, as a file that a passphrase locks. The keys of a browser cannot be taken out of it, so the copy is a pair of
// its own, for which texts are encrypted from then on as for a device more. Any browser of its person can read with it.

const VERSION = 1;
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const ITERATIONS = 600_000; // of PBKDF2, for whoever guesses the passphrase
const MOST_ITERATIONS = 5_000_000; // that a file may ask for
const SALT_BYTES = 16;
const IV_BYTES = 12;

export const SHORTEST_PASSPHRASE = 12; // characters

/** Thrown for a file that is no copy, and for another passphrase. */
export class NoCopy extends Error {}

/**
 * Makes a copy.
 * @param {{user_id: number | string, device_id: string}} device as what it is published
 * @param {string} passphrase
 * @returns {Promise<{publicKey: JsonWebKey, file: string}>} what is published, and what the file holds
 */
export async function makeCopy({ user_id, device_id }, passphrase) {
  const pair = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const [salt, iv] = [SALT_BYTES, IV_BYTES].map((length) => crypto.getRandomValues(new Uint8Array(length)));
  const key = await keyOf(passphrase, salt, ITERATIONS);
  const secret = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  const sealed = await crypto.subtle.encrypt(cipher(iv, { user_id, device_id }), key, secret);
  const [salt64, iv64, sealed64] = [salt, iv, new Uint8Array(sealed)].map(toBase64);
  const file = { v: VERSION, user_id, device_id, iterations: ITERATIONS, salt: salt64, iv: iv64, key: sealed64 };
  return { publicKey: { kty, crv, x, y }, file: JSON.stringify(file) };
}

/**
 * Opens a copy.
 * @returns {Promise<{user_id: number | string, device_id: string, privateKey: CryptoKey}>} whose key cannot be exported
 * @throws {NoCopy}
 */
export async function openCopy(file, passphrase) {
  try {
    const { v, user_id, device_id, iterations, salt, iv, key } = JSON.parse(file);
    if (v !== VERSION || !Number.isInteger(iterations) || iterations > MOST_ITERATIONS) throw new NoCopy("of another version");
    const locked = await keyOf(passphrase, fromBase64(salt), iterations);
    const secret = await crypto.subtle.decrypt(cipher(fromBase64(iv), { user_id, device_id }), locked, fromBase64(key));
    return { user_id, device_id, privateKey: await crypto.subtle.importKey("pkcs8", secret, CURVE, false, ["deriveBits"]) };
  } catch (error) {
    throw error instanceof NoCopy ? error : new NoCopy("another passphrase, or no copy", { cause: error });
  }
}

/** Whose copy it is cannot be changed in the file. */
function cipher(iv, { user_id, device_id }) {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(JSON.stringify([String(user_id), device_id])) };
}

async function keyOf(passphrase, salt, iterations) {
  const material = await crypto.subtle.importKey("raw", new TextEncoder().encode(passphrase), "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(derivation, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}
