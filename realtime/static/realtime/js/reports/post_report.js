// Posts one report to the server.

import { parseRetryAfter } from "../wire/http.js";

const TIMEOUT = 15_000; // milliseconds
const DEFAULT_RETRY_AFTER = 60; // seconds, for a 429 without Retry-After
const CSRF_COOKIE = "csrftoken"; // CSRF_COOKIE_NAME; signing in changes it, in whichever tab

/**
 * @param {string} url
 * @param {object} body
 * @param {string} token the page's CSRF token, if it cannot be read from the cookie
 * @param {object} environment
 * @returns {Promise<{status: number | null, retryAfter?: number}>} `status` is null for no response; `retryAfter` in
 *   milliseconds, for a 429
 */
export async function postReport(url, body, token, { fetch, date, cookie }) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/json",
        "X-CSRFToken": cookie(CSRF_COOKIE) ?? token,
      },
      body: JSON.stringify(body),
      cache: "no-store",
      redirect: "manual",
      keepalive: true, // the request outlives the page
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const { status } = response;
    if (status !== 429) return { status };
    const retryAfter = parseRetryAfter(response.headers.get("Retry-After"), date()) ?? DEFAULT_RETRY_AFTER;
    return { status, retryAfter: 1_000 * retryAfter };
  } catch {
    return { status: null };
  }
}
