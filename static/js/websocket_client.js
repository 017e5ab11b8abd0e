// The entry for live updates over a WebSocket first, with Server-Sent Events as the fallback. LiveManager documents the
// interface of WebSocketManager, which is the same as that of RealtimeManager.

import { LiveManager } from "../realtime/js/manager.js";

export class WebSocketManager extends LiveManager {
  /** @param {object} [options] as of LiveManager; what is omitted is read from the page */
  constructor(options = {}) {
    super("websocket", options);
  }
}

// Pages of the old site expect the class as this global (create_manager.js creates the instance).
globalThis.WebSocketManager = WebSocketManager;
