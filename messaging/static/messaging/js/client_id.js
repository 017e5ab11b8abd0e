// Ids that this browser gives its messages.

/** Random, also on plain http, where crypto.randomUUID does not exist. */
export function newClientId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
