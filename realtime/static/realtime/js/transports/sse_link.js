// Server-Sent Events over fetch. EventSource hides what is needed here: heartbeats, the status of a refusal and its
// Retry-After; and it controls reconnection itself.

import { MalformedError, parseCursor, parseFrames } from "../wire/frames.js";
import { request } from "../wire/http.js";
import { SseParser } from "../wire/sse_parser.js";
import { Link } from "./link.js";

export class SseLink extends Link {
  #abort = new AbortController();

  constructor(...options) {
    super("sse", ...options);
  }

  open() {
    this.#read();
  }

  _release() {
    this.#abort.abort();
  }

  async #read() {
    try {
      const response = await request(this._url(), "text/event-stream", this.#abort.signal, this._environment);
      const reader = response.body.getReader();
      const parser = new SseParser();
      while (!this._ended) {
        const { done, value } = await reader.read();
        if (done) break;
        const received = this.#parse(parser.push(value));
        this._activity();
        this._deliver(received.frames);
        if (received.ended) this._end("ended");
      }
      this._end("closed");
    } catch (error) {
      if (error instanceof MalformedError || error instanceof RangeError) this._end("malformed");
      else this._end(error.reason ?? "closed", { status: error.status, retryAfter: error.retryAfter });
    }
  }

  #parse(blocks) {
    const frames = [];
    let ended = false;
    for (const { id, data, retry } of blocks) {
      if (retry !== undefined) this.retry = retry;
      const parsed = data === undefined ? [] : parseFrames(data);
      ended ||= parsed.some((frame) => frame.type === "error");
      frames.push(...parsed.filter((frame) => frame.type !== "error"));
      const cursor = parseCursor(id);
      if (cursor === null && id) throw new MalformedError("Not a position in the log."); // one that cannot be told apart
      if (cursor !== null && !parsed.some((frame) => frame.id === cursor)) frames.push({ type: "cursor", cursor });
    }
    return { frames, ended };
  }
}
