// Creates the manager of a page. The server chooses which one, with data-transport on <html>.

import { RealtimeManager } from "./realtime.js";
import { WebSocketManager } from "./websocket_client.js";

/**
 * The manager of this page, also as the global `realtimeManager`; and as `wsManager` from when the server chooses WebSocket
 * for this user.
 * @returns {import("../realtime/js/manager.js").LiveManager}
 */
export function createManager(options = {}) {
  const { transport } = document.documentElement.dataset;
  const manager = transport === "websocket" ? new WebSocketManager(options) : new RealtimeManager({ transport, ...options });
  globalThis.realtimeManager = manager;
  manager.onState((_state, { wanted }) => {
    if (wanted === "websocket") globalThis.wsManager = manager;
  });
  return manager;
}
