// The WebSocket. Why a handshake failed a browser does not say ("blocked" may be a proxy, a refusal or a server that is
// away); SSE, which is tried next, tells.

import { MalformedError, readFrames } from "../wire/frames.js";
import { Link } from "./link.js";

const PROTOCOL = "gistagum.v1"; // every message is an array of frames
const MOST = 4_000_000; // characters of one message
const PATIENCE = 30; // seconds to stay away after having said too much
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
    const address = this._address();
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    try {
      this.#socket = this._world.makeSocket(address.href, [PROTOCOL]);
    } catch {
      this._end("blocked");
      return;
    }
    this.#socket.onopen = () => (this.#opened = true);
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = ({ code }) => this.#closed(code);
  }

  _drop() {
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }

  #take(data) {
    try {
      if (typeof data !== "string" || data.length > MOST) throw new MalformedError("Not a message.");
      const frames = readFrames(data);
      this._beat();
      // An error is followed by a close code, which says more.
      this._hear(frames.filter((frame) => frame.type !== "error"));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this._end("malformed");
    }
  }

  #closed(code) {
    const reason = REASONS.get(code) ?? (this.#opened ? "closed" : "blocked");
    this._end(reason, { code, retryAfter: reason === "full" ? PATIENCE : undefined });
  }
}
