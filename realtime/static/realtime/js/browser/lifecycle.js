// What happens to a page as a whole, and what that means to its connection.

/**
 * @param {{onNetwork: (online: boolean) => void, onSeen: (visible: boolean) => void, onLeave: () => void,
 *   onBack: () => void}} hears `onLeave`: the page is gone, frozen, or kept by the browser for the way back, where it
 *   must hold nothing; `onBack`: it is there again as it was. Both may come twice
 */
export function watchMoments({ onNetwork, onSeen, onLeave, onBack }) {
  addEventListener("online", () => onNetwork(true));
  addEventListener("offline", () => onNetwork(false));
  document.addEventListener("visibilitychange", () => onSeen(!document.hidden));
  addEventListener("pagehide", onLeave);
  addEventListener("pageshow", ({ persisted }) => persisted && onBack());
  document.addEventListener("freeze", onLeave);
  document.addEventListener("resume", onBack);
}
