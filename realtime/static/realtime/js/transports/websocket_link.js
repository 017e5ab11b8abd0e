// The WebSocket transport. A browser does not say why a handshake failed ("blocked" may be a proxy, a refusal or a server
// that is down); SSE, which is tried next, does.

import { MalformedError, parseFrames } from "../wire/frames.js";
import { Link } from "./link.js";

const PROTOCOL = "gistagum.v1"; // every message is an array of frames
const MAX_MESSAGE_SIZE = 4_000_000; // characters
const RETRY_AFTER_FULL = 30; // seconds to wait after the server closed the socket as full or for too many messages
const REASONS = new Map([
  [1012, "restart"],
  [1013, "full"],
  [4401, "signed-out"],
  [4403, "refused"],
  [4409, "other-user"],
  [4429, "full"],
]);

export class WebSocketLink extends Link {
  #socket = null;
  #opened = false;

  constructor(...options) {
    super("websocket", ...options);
  }

  open() {
    const url = this._url();
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    try {
      this.#socket = this._environment.makeSocket(url.href, [PROTOCOL]);
    } catch {
      this._end("blocked");
      return;
    }
    this.#socket.onopen = () => {
      this.#opened = true;
    };
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code }) => this.#closed(code);
  }

  _release() {
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }

  #receive(data) {
    try {
      if (typeof data !== "string" || data.length > MAX_MESSAGE_SIZE) throw new MalformedError("Not a message.");
      const frames = parseFrames(data);
      this._activity();
      // An error frame is followed by a close code, which is more specific.
      this._deliver(frames.filter((frame) => frame.type !== "error"));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this._end("malformed");
    }
  }

  #closed(code) {
    const reason = REASONS.get(code) ?? (this.#opened ? "closed" : "blocked");
    this._end(reason, { code, retryAfter: reason === "full" ? RETRY_AFTER_FULL : undefined });
  }
}
