/** Requests to the API: the token, a time limit, and errors that people can read. */

import { readSession } from "./session.js";

export const API_URL = (import.meta.env.VITE_API_URL ?? "http://127.0.0.1:8200").replace(/\/+$/, "");
const TIMEOUT_MS = 20_000;
const UPLOAD_TIMEOUT_MS = 180_000;

/** An answer that is no success. `status` is 0 where there was no answer. */
export class ApiError extends Error {
  constructor(message, status, retryAfterSeconds = 0) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The header that names who asks; nothing where nobody is signed in. */
export function authorization() {
  const session = readSession();
  return session ? { Authorization: `Token ${session.token}` } : {};
}

/**
 * Ask the API, and return the JSON of its answer (null where it has none).
 *
 * `body` is sent as JSON, or as a form where it is FormData. `query` leaves out undefined values. Throws ApiError.
 */
export async function request(method, path, { body, query, signal } = {}) {
  const url = new URL(API_URL + path);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const isForm = body instanceof FormData;
  const limit = AbortSignal.timeout(isForm ? UPLOAD_TIMEOUT_MS : TIMEOUT_MS);
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { ...authorization(), ...(body && !isForm ? { "Content-Type": "application/json" } : {}) },
      body: body && !isForm ? JSON.stringify(body) : body,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (fault) {
    if (signal?.aborted) throw fault;
    throw new ApiError("The server cannot be reached.", 0);
  }
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) {
    throw new ApiError(
      textOf(answer) ?? `The server answered ${response.status}.`,
      response.status,
      Number(response.headers.get("Retry-After")) || 0,
    );
  }
  return answer;
}

function textOf(answer) {
  if (!answer || typeof answer !== "object") return undefined;
  const said = answer.error ?? answer.detail ?? answer.message ?? Object.values(answer)[0];
  return typeof said === "string" ? said : Array.isArray(said) ? String(said[0]) : undefined;
}
