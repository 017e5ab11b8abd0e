// The browser APIs that the library uses, in one object, so that tests can replace them with a fake browser. Each entry is
// looked up when it is called and never cached.

/** The real browser. Times are in milliseconds. */
export const browserEnvironment = {
  /** A monotonic clock, for measuring durations. */
  now: () => performance.now(),
  /** The wall clock, which all tabs share. */
  date: () => Date.now(),
  random: () => Math.random(),
  /** A unique id. (`crypto.randomUUID` is missing on plain http.) */
  makeId: () => [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  fetch: (...request) => fetch(...request),
  makeSocket: (url, protocols) => new WebSocket(url, protocols),
  makeChannel: (name) => new BroadcastChannel(name),
  hasWebSocket: () => "WebSocket" in globalThis,
  /** Web Locks: only on https and localhost. */
  locks: () => ("BroadcastChannel" in globalThis ? globalThis.navigator?.locks : undefined),
  /** A hint and no more: some browsers say false for ever, or true without a network. */
  isOnline: () => navigator.onLine !== false,
  isHidden: () => document.hidden,
  pageUrl: () => location.href,
  /** A cookie as it is now: other tabs may have changed it. Undefined if there is none that scripts may read. */
  cookie: (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1),
  /** Report an error of the page's own code without stopping the caller. */
  reportError: (error) => reportError(error),
  /** Log to the console, only if the page was opened with ?debug=1. */
  debug: (...what) => {
    if (new URLSearchParams(location.search).get("debug") === "1") console.debug("[live]", ...what);
  },
};

/** Resolves after so many milliseconds. */
export function sleep(milliseconds, { setTimeout }) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
