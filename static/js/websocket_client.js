// Live updates that begin with a WebSocket, and do with Server-Sent Events where there is none. What a WebSocketManager
// can do, LiveManager says: to a page it is the same as a RealtimeManager.

import { LiveManager } from "../realtime/js/manager.js";

export class WebSocketManager extends LiveManager {
  /** @param {object} [options] see LiveManager; what is left out is read from the page */
  constructor(options = {}) {
    super("websocket", options);
  }
}

// Pages of the old site look for the class by this name (create_manager.js makes the manager).
globalThis.WebSocketManager = WebSocketManager;
