// GET requests to the server, with every failure turned into an error that names its reason.

const MAX_RETRY_AFTER = 300; // seconds; a longer time is a misconfiguration, and would leave a page outdated for too long
const REASONS = new Map([
  [401, "signed-out"],
  [409, "other-user"],
  [429, "full"],
  [502, "unreachable"], // a proxy that cannot reach the server: the same as not reaching it directly
  [503, "full"],
  [504, "unreachable"],
]);

/** The request failed: no response, or one that cannot be used. */
export class RequestError extends Error {
  /**
   * @param {string} reason signed-out, other-user, full, unreachable, refused, silent, malformed or closed
   * @param {{status?: number, retryAfter?: number}} [details] the HTTP status; the seconds of Retry-After
   */
  constructor(reason, { status, retryAfter } = {}) {
    super(reason);
    Object.assign(this, { reason, status, retryAfter });
  }
}

/**
 * GET a URL of this site.
 * @param {string | URL} url
 * @param {string} type the expected media type
 * @param {AbortSignal} signal
 * @param {{fetch: typeof fetch, date: () => number}} environment
 * @returns {Promise<Response>} a 200 of that type
 * @throws {RequestError} for any other response, and for none
 */
export async function request(url, type, signal, { fetch, date }) {
  let response;
  try {
    // Redirects are not followed: they lead to the sign-in page.
    response = await fetch(url, { headers: { Accept: type }, cache: "no-store", redirect: "manual", signal });
  } catch {
    throw new RequestError("unreachable");
  }
  if (response.status === 200 && response.headers.get("Content-Type")?.startsWith(type)) return response;
  response.body?.cancel().catch(() => {});
  throw new RequestError(response.status === 200 ? "refused" : (REASONS.get(response.status) ?? "refused"), {
    status: response.status,
    retryAfter: parseRetryAfter(response.headers.get("Retry-After"), date()),
  });
}

/**
 * @param {string | null} value of the Retry-After header: seconds, or a date
 * @param {number} now milliseconds since 1970
 * @returns {number | undefined} seconds, 300 at most; undefined for a missing or invalid value
 */
export function parseRetryAfter(value, now) {
  if (!value) return undefined;
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER) : undefined;
}

/**
 * The body of a response, up to a maximum size.
 * @param {Response} response
 * @param {number} maxBytes
 * @throws {RangeError} when the body is larger
 */
export async function boundedText(response, maxBytes) {
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = "";
  let size = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > maxBytes) {
      reader.cancel().catch(() => {});
      throw new RangeError(`A response of more than ${maxBytes} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
