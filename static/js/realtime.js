// Live updates that begin with Server-Sent Events. What a RealtimeManager can do, LiveManager says.

import { LiveManager } from "../realtime/js/manager.js";

export class RealtimeManager extends LiveManager {
  /** @param {object} [options] see LiveManager; what is left out is read from the page */
  constructor(options = {}) {
    super(options.transport === "shadow" ? "shadow" : "sse", options);
  }
}

// Pages of the old site look for the class by this name (create_manager.js makes the manager).
globalThis.RealtimeManager = RealtimeManager;
