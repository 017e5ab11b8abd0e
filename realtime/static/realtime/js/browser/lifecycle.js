// The page lifecycle events that matter to a connection: network, visibility, and suspension (back/forward cache, freeze).
// https://developer.chrome.com/docs/web-platform/page-lifecycle-api

/**
 * @param {{onNetworkChange: (online: boolean) => void, onVisibilityChange: (visible: boolean) => void,
 *   onSuspend: () => void, onResume: () => void}} callbacks `onSuspend`: the page is closed, frozen, or put into the
 *   back/forward cache, where it must not keep a connection; `onResume`: it is active again. Either may be called twice
 */
export function watchLifecycle({ onNetworkChange, onVisibilityChange, onSuspend, onResume }) {
  addEventListener("online", () => onNetworkChange(true));
  addEventListener("offline", () => onNetworkChange(false));
  document.addEventListener("visibilitychange", () => onVisibilityChange(!document.hidden));
  addEventListener("pagehide", onSuspend);
  addEventListener("pageshow", ({ persisted }) => persisted && onResume());
  document.addEventListener("freeze", onSuspend);
  document.addEventListener("resume", onResume);
}
