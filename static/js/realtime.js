// The entry for live updates over Server-Sent Events first. LiveManager documents the interface of RealtimeManager.

import { LiveManager } from "../realtime/js/manager.js";

export class RealtimeManager extends LiveManager {
  /** @param {object} [options] as of LiveManager; what is omitted is read from the page */
  constructor(options = {}) {
    super(options.transport === "shadow" ? "shadow" : "sse", options);
  }
}

// Pages of the old site expect the class as this global (create_manager.js creates the instance).
globalThis.RealtimeManager = RealtimeManager;
