// Server-Sent Events, read with fetch. EventSource would hide what matters here: heartbeats, the status of a refusal and
// its Retry-After; and it comes back when it thinks fit.

import { cursorOf, MalformedError, readFrames } from "../wire/frames.js";
import { request } from "../wire/http.js";
import { Link } from "./link.js";
import { SseParser } from "../wire/sse_parser.js";

export class SseLink extends Link {
  #abort = new AbortController();

  constructor(...options) {
    super("sse", ...options);
  }

  open() {
    this.#read();
  }

  _drop() {
    this.#abort.abort();
  }

  async #read() {
    try {
      const answer = await request(this._address(), "text/event-stream", this.#abort.signal, this._world);
      const reader = answer.body.getReader();
      const parser = new SseParser();
      while (!this._over) {
        const { done, value } = await reader.read();
        if (done) break;
        this._beat();
        this.#take(parser.push(value));
      }
      this._end("closed");
    } catch (error) {
      if (error instanceof MalformedError || error instanceof RangeError) this._end("malformed");
      else this._end(error.reason ?? "closed", { status: error.status, retryAfter: error.retryAfter });
    }
  }

  #take(blocks) {
    const frames = [];
    let ended = false;
    for (const { id, data, retry } of blocks) {
      if (retry !== undefined) this.retry = retry;
      const read = data === undefined ? [] : readFrames(data);
      ended ||= read.some((frame) => frame.type === "error");
      frames.push(...read.filter((frame) => frame.type !== "error"));
      const cursor = cursorOf(id);
      if (cursor !== null && !read.some((frame) => frame.id === cursor)) frames.push({ type: "cursor", cursor });
    }
    this._hear(frames);
    if (ended) this._end("ended");
  }
}
