// What the live modules take from the browser, in one object, so that tests can put a made-up one in its place. All of
// it is looked up when it is used, never kept.

/** The browser that this page is in. Times are in milliseconds. */
export const world = {
  /** Time for measuring how long something took. */
  now: () => performance.now(),
  /** Time as people know it, the same in all tabs. */
  date: () => Date.now(),
  random: () => Math.random(),
  /** A name that no other thing in the world has. (`crypto.randomUUID` is missing on plain http.) */
  makeId: () => [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  fetch: (...request) => fetch(...request),
  makeSocket: (address, protocols) => new WebSocket(address, protocols),
  makeChannel: (name) => new BroadcastChannel(name),
  hasSockets: () => "WebSocket" in globalThis,
  /** Web Locks: only on https and localhost. */
  locks: () => ("BroadcastChannel" in globalThis ? globalThis.navigator?.locks : undefined),
  isOnline: () => navigator.onLine !== false,
  isHidden: () => document.hidden,
  here: () => location.href,
  /** An error of the page's own code, which must not stop what else there is to do. */
  report: (error) => reportError(error),
  /** Says nothing unless the page was opened with ?debug=1. */
  debug: (...what) => {
    if (new URLSearchParams(location.search).get("debug") === "1") console.debug("[live]", ...what);
  },
};

/** Wait for so many milliseconds. */
export function sleep(milliseconds, { setTimeout }) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
