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
   * @param {{status?: number, retryAfter?: number, code?: string}} [details] the HTTP status, 0 for no answer;
   *   milliseconds; the server's name of the refusal
   */
  constructor(message, { status = 0, retryAfter, code } = {}) {
    super(message);
    Object.assign(this, { status, retryAfter, code });
  }

  /** Whether the same request would be refused again. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && ![401, 408, 425, 429].includes(this.status);
  }

  /** Whether the session is somebody else's by now, who has signed in in another tab. */
  get isOfAnother() {
    return this.code === "another_user";
  }
}

/**
 * @param {{url: string, token: () => string, me: number | string}} options the address under which the endpoints are; the
 *   CSRF token; the id of the person whose page this is: the server refuses what would be done as anybody else
 */
export function createApi({ url, token, me }) {
  const common = () => ({ Accept: "application/json", "X-CSRFToken": token(), "X-Page-User": String(me) });

  async function request(method, path, body) {
    const headers = common();
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
    upload: (path, file, callbacks) => upload(url + path, file, common(), callbacks),
  };
}

function checked(status, result, retryAfter) {
  if (status >= 200 && status < 300 && result !== null) return result;
  const seconds = Math.min(Number(retryAfter) || 0, MAX_RETRY_AFTER);
  throw new ApiError(typeof result?.error === "string" ? result.error : UNEXPECTED, {
    status,
    retryAfter: seconds ? 1000 * seconds : undefined,
    code: result?.code,
  });
}

function withQuery(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** Send a file. `fetch` does not tell how much of it has left, XMLHttpRequest does. */
function upload(address, file, headers, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.timeout = UPLOAD_TIMEOUT;
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
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
