// The two scripts that pages and old clients import by name.

import assert from "node:assert/strict";
import { test } from "node:test";

import "./support/static_files.js"; // before the entries, which are therefore imported below
import { LiveManager } from "../../realtime/static/realtime/js/manager.js";

const page = { watchLifecycle: () => {}, environment: { locks: () => undefined, isHidden: () => false } };

for (const [file, name, transports] of [
  ["realtime.js", "RealtimeManager", { sse: undefined, shadow: "shadow" }],
  ["websocket_client.js", "WebSocketManager", { websocket: undefined }],
]) {
  test(`${file} exports ${name}, which is also a global, with the right transport first`, async () => {
    const entry = await import(`../../static/js/${file}`);
    assert.equal(globalThis[name], entry[name]);
    for (const [wanted, transport] of Object.entries(transports)) {
      const manager = new entry[name]({ ...page, transport });
      assert.ok(manager instanceof LiveManager);
      assert.equal(manager.getStatus().wanted, wanted);
    }
  });
}
