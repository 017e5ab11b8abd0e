// What people compare to know that the server has named the right keys: read out, or laid beside each other.

const GROUPS = 12; // of five digits
const BYTES = 4; // of the hash, for each group

/**
 * The number of all keys of a conversation: the same for both people, and another one once a key is added or exchanged.
 * @param {Array<{user_id: number | string, device_id: string, public_key: JsonWebKey}>} devices of both people
 * @returns {Promise<string>} twelve groups of five digits
 */
export async function safetyNumber(devices) {
  return digits(devices.map(lineOf).sort().join("\n"));
}

/** The number of one device's key: four groups of five digits. */
export async function fingerprint(device) {
  return (await digits(lineOf(device))).split(" ").slice(0, 4).join(" ");
}

/** Whether texts can be encrypted for this key: clients may publish others. */
export async function isUsable({ public_key: key }) {
  try {
    await crypto.subtle.importKey("jwk", key, { name: "ECDH", namedCurve: "P-256" }, false, []);
    return true;
  } catch {
    return false;
  }
}

function lineOf({ user_id: user, device_id: device, public_key: key }) {
  return JSON.stringify([String(user), device, key.kty, key.crv ?? null, key.x ?? null, key.y ?? null]);
}

async function digits(text) {
  const hash = new DataView(await crypto.subtle.digest("SHA-512", new TextEncoder().encode(text)));
  const groups = Array.from({ length: GROUPS }, (_, at) => hash.getUint32(at * BYTES) % 100_000);
  return groups.map((group) => String(group).padStart(5, "0")).join(" ");
}
