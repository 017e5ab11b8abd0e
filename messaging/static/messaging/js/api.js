// Requests to the page's endpoints (messaging/page/urls.py). Every failure is one kind of error, which says whether another
// try could help.

const TIMEOUT = 20_000; // milliseconds
const UPLOAD_TIMEOUT = 300_000; // milliseconds
const MAX_RETRY_AFTER = 60; // seconds
const UNREACHABLE = "The server cannot be reached.";
const UNEXPECTED = "The server did not answer as expected.";

/** A request that failed. `message` is for the user. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, retryAfter?: number}} [details] the HTTP status, 0 for no answer; milliseconds
   */
  constructor(message, { status = 0, retryAfter } = {}) {
    super(message);
    Object.assign(this, { status, retryAfter });
  }

  /** Whether the same request would be refused again. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && ![401, 408, 425, 429].includes(this.status);
  }
}

/** @param {{url: string, token: () => string}} options the address under which the endpoints are; the CSRF token */
export function createApi({ url, token }) {
  async function request(method, path, body) {
    const headers = { Accept: "application/json", "X-CSRFToken": token() };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(url + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch {
      throw new ApiError(UNREACHABLE);
    }
    const result = await response.json().catch(() => null);
    return checked(response.status, result, response.headers.get("Retry-After"));
  }

  return {
    get: (path, parameters = {}) => request("GET", withQuery(path, parameters)),
    post: (path, body = {}) => request("POST", path, body),
    patch: (path, body) => request("PATCH", path, body),
    put: (path, body = {}) => request("PUT", path, body),
    delete: (path) => request("DELETE", path),
    upload: (path, file, callbacks) => upload(url + path, file, token(), callbacks),
  };
}

function checked(status, result, retryAfter) {
  if (status >= 200 && status < 300 && result !== null) return result;
  const seconds = Math.min(Number(retryAfter) || 0, MAX_RETRY_AFTER);
  throw new ApiError(typeof result?.error === "string" ? result.error : UNEXPECTED, {
    status,
    retryAfter: seconds ? 1000 * seconds : undefined,
  });
}

function withQuery(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** Send a file. `fetch` does not tell how much of it has left, XMLHttpRequest does. */
function upload(address, file, token, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.timeout = UPLOAD_TIMEOUT;
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", token);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("load", () => {
      try {
        resolve(checked(request.status, parsed(request.responseText), request.getResponseHeader("Retry-After")));
      } catch (error) {
        reject(error);
      }
    });
    for (const type of ["error", "timeout"]) request.addEventListener(type, () => reject(new ApiError(UNREACHABLE)));
    request.addEventListener("abort", () => reject(new ApiError("Taken back.", { status: 499 })));
    signal.addEventListener("abort", () => request.abort());
    const body = new FormData();
    body.append("file", file, file.name || "pasted.png");
    request.send(body);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
