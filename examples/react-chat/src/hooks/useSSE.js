import { useEffect, useEffectEvent, useState } from "react";

import { EventStream } from "../api/EventStream.js";
import { API_URL, authorization } from "../api/http.js";

const STREAM = `${API_URL}/api/v1/communication/sse/events/`;

/**
 * Listen to the chat's stream while `enabled`.
 *
 * `onMessage({event, data, id})` is called for every frame: connected, message, message_edited, message_deleted, typing,
 * read_receipt, delivery_receipt, presence, notification, heartbeat, disconnected. What happened while the connection
 * was broken is delivered when it is back. Returns "idle", "connecting", "open", "waiting" or "refused".
 */
export function useSSE(onMessage, enabled = true) {
  const [status, setStatus] = useState("idle");
  const deliver = useEffectEvent(onMessage);

  useEffect(() => {
    if (!enabled) return undefined;
    const stream = new EventStream({
      url: STREAM,
      headers: authorization,
      onEvent: (frame) => deliver(frame),
      onStatus: setStatus,
    });
    stream.run();
    return () => {
      stream.close();
      setStatus("idle");
    };
  }, [enabled]);

  return status;
}
