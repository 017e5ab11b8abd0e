/**
 * A stream of Server-Sent Events that comes back by itself.
 *
 * EventSource cannot send a token in a header, ends for good at a 503, and does not tell a 401 from a lost connection.
 * This one reads the body of a fetch. After a break it asks for what came after the last event that it has seen.
 */

import { createParser } from "eventsource-parser";

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;
const SILENCE_MS = 60_000; // the server sends a heartbeat every 20 seconds

export class EventStream {
  #url;
  #headers;
  #onEvent;
  #onStatus;
  #end = new AbortController();
  #lastEventId = "";
  #wake = () => {};

  /**
   * `headers()` is asked before each attempt. `onEvent({event, data, id})` gets the data as an object.
   * `onStatus` gets "connecting", "open", "waiting" (for the next attempt) or "refused" (sign in again).
   */
  constructor({ url, headers, onEvent, onStatus }) {
    this.#url = url;
    this.#headers = headers;
    this.#onEvent = onEvent;
    this.#onStatus = onStatus;
  }

  async run() {
    const wake = () => this.#wake();
    addEventListener("online", wake);
    document.addEventListener("visibilitychange", wake);
    let failures = 0;
    while (!this.#end.signal.aborted) {
      this.#status("connecting");
      const outcome = await this.#attempt();
      if (outcome === "refused") {
        this.#status("refused");
        break;
      }
      failures = outcome === "opened" ? 1 : failures + 1;
      this.#status("waiting");
      const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 1.5 ** (failures - 1));
      await this.#pause(longest * (0.5 + Math.random() / 2)); // so that not everybody comes back at once
    }
    removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", wake);
  }

  close() {
    this.#end.abort();
    this.#wake();
  }

  #status(name) {
    if (!this.#end.signal.aborted) this.#onStatus(name);
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Read one connection to its end: "opened", "failed" (never opened) or "refused". */
  async #attempt() {
    const attempt = new AbortController();
    const signal = AbortSignal.any([attempt.signal, this.#end.signal]);
    let watchdog;
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => attempt.abort(), SILENCE_MS);
    };
    let opened = false;
    heard();
    try {
      const response = await fetch(this.#url, {
        headers: {
          Accept: "text/event-stream",
          ...this.#headers(),
          ...(this.#lastEventId ? { "Last-Event-ID": this.#lastEventId } : {}),
        },
        cache: "no-store",
        signal,
      });
      if (response.status === 401 || response.status === 403) return "refused";
      if (!response.ok) return "failed";
      opened = true;
      this.#status("open");
      const parser = createParser({ onEvent: (event) => this.#deliver(event) });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        heard();
        parser.feed(value);
      }
    } catch (fault) {
      if (!signal.aborted && !(fault instanceof TypeError)) console.error(fault); // TypeError: the network
    } finally {
      clearTimeout(watchdog);
      attempt.abort();
    }
    return opened ? "opened" : "failed";
  }

  #deliver({ event, data, id }) {
    if (this.#end.signal.aborted) return;
    if (id) this.#lastEventId = id;
    let parsed;
    try {
      parsed = JSON.parse(data);
    } catch {
      return; // not a frame of this API
    }
    this.#onEvent({ event: event ?? "message", data: parsed, id });
  }
}
