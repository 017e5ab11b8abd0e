// Asking the server, and understanding a refusal.

const MOST_RETRY_AFTER = 300; // seconds; a longer time is a mistake, and would leave a page behind for too long
const REASONS = new Map([
  [401, "signed-out"],
  [409, "other-user"],
  [429, "full"],
  [502, "unreachable"], // a proxy that finds no server: the same as finding none oneself
  [503, "full"],
  [504, "unreachable"],
]);

/** The server, or what is in front of it, did not give what was asked for. */
export class Refusal extends Error {
  /**
   * @param {string} reason one word: signed-out, other-user, full, unreachable, refused, silent
   * @param {{status?: number, retryAfter?: number}} [more] the HTTP status; the seconds that it asked to wait
   */
  constructor(reason, { status, retryAfter } = {}) {
    super(reason);
    Object.assign(this, { reason, status, retryAfter });
  }
}

/**
 * GET an address of this site.
 * @param {string | URL} address
 * @param {string} type the media type that is wanted
 * @param {AbortSignal} signal
 * @param {{fetch: typeof fetch, date: () => number}} world
 * @returns {Promise<Response>} a 200 of that type
 * @throws {Refusal} for any other answer, and for none
 */
export async function request(address, type, signal, { fetch, date }) {
  let answer;
  try {
    // A redirect is no answer: it leads to a page that asks people to sign in.
    answer = await fetch(address, { headers: { Accept: type }, cache: "no-store", redirect: "manual", signal });
  } catch {
    throw new Refusal("unreachable");
  }
  if (answer.status === 200 && answer.headers.get("Content-Type")?.startsWith(type)) return answer;
  answer.body?.cancel().catch(() => {});
  throw new Refusal(answer.status === 200 ? "refused" : (REASONS.get(answer.status) ?? "refused"), {
    status: answer.status,
    retryAfter: retryAfter(answer.headers.get("Retry-After"), date()),
  });
}

/**
 * @param {string | null} value of the header: seconds, or a date
 * @param {number} now milliseconds since 1970
 * @returns {number | undefined} seconds, 300 at most; undefined without a value that makes sense
 */
export function retryAfter(value, now) {
  if (!value) return undefined;
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MOST_RETRY_AFTER) : undefined;
}

/**
 * The text of an answer, as long as it is not absurd.
 * @param {Response} answer
 * @param {number} most bytes
 * @throws {RangeError} when there are more
 */
export async function boundedText(answer, most) {
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = "";
  let size = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > most) {
      reader.cancel().catch(() => {});
      throw new RangeError(`An answer of more than ${most} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
