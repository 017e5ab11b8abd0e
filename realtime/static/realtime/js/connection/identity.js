// Whether whoever a page was made for is still signed in.

import { boundedText, Refusal, request } from "../wire/http.js";

const PATIENCE = 10_000; // milliseconds for an answer
const MOST = 10_000; // bytes

/**
 * @param {{statusUrl: string, user: string, userId: string}} page where to ask; name and number of the person
 * @param {object} world
 * @returns {Promise<{is: "fine" | "signed-out" | "other-user" | "unknown", retryAfter?: number}>} seconds to wait
 */
export async function askStatus({ statusUrl, user, userId }, world) {
  const abort = new AbortController();
  const timer = world.setTimeout(() => abort.abort(), PATIENCE);
  try {
    const answer = await request(new URL(statusUrl, world.here()), "application/json", abort.signal, world);
    const who = JSON.parse(await boundedText(answer, MOST));
    const same = who.user_id === undefined ? who.user === user : String(who.user_id) === userId;
    return { is: same ? "fine" : "other-user" };
  } catch (error) {
    if (error instanceof Refusal && ["signed-out", "other-user"].includes(error.reason)) return { is: error.reason };
    return { is: "unknown", retryAfter: error.retryAfter };
  } finally {
    world.clearTimeout(timer);
  }
}
