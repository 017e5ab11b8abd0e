// Asks the server whether the user for whom the page was rendered is still signed in.

import { boundedText, RequestError, request } from "../wire/http.js";

const TIMEOUT = 10_000; // milliseconds
const MAX_RESPONSE_SIZE = 10_000; // bytes

/**
 * @param {{statusUrl: string, user: string, userId: string}} page the URL to ask; the user's name and id
 * @param {object} environment
 * @returns {Promise<{result: "same-user" | "signed-out" | "other-user" | "unknown", retryAfter?: number}>} `retryAfter` in
 *   seconds
 */
export async function checkIdentity({ statusUrl, user, userId }, environment) {
  const abort = new AbortController();
  const timer = environment.setTimeout(() => abort.abort(), TIMEOUT);
  try {
    const url = new URL(statusUrl, environment.pageUrl());
    const response = await request(url, "application/json", abort.signal, environment);
    const status = JSON.parse(await boundedText(response, MAX_RESPONSE_SIZE));
    const same = status.user_id === undefined ? status.user === user : String(status.user_id) === userId;
    return { result: same ? "same-user" : "other-user" };
  } catch (error) {
    const signedOut = error instanceof RequestError && ["signed-out", "other-user"].includes(error.reason);
    return signedOut ? { result: error.reason } : { result: "unknown", retryAfter: error.retryAfter };
  } finally {
    environment.clearTimeout(timer);
  }
}
