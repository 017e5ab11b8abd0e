// A fake server that follows docs/events.md: it keeps an event log and delivers it over streams, sockets and polls.

const HEARTBEAT = 15_000;
const MAX_POLLED_EVENTS = 50; // in one response to a poll

export class FakeServer {
  log = []; // {id, type, …}
  requests = []; // {kind: "sse" | "websocket" | "poll" | "status", at, cursor, user, topics, pages}
  open = new Set(); // streams and sockets that are open on the server
  first = 0; // the id before the oldest event of the log
  user = "7"; // the id of the user who is signed in; null: nobody
  chosenTransport = null; // sent to every client that connects
  maxOpen = 0; // the largest number of simultaneous connections
  // How each of them responds: "ok", or one of the failures below.
  sse = "ok";
  websocket = "ok";
  poll = "ok";
  status = "ok";
  up = true;
  heartbeats = true;
  lag = 0; // events that the process which serves polls has not read yet
  retryAfter = 5;
  retry = 4_000;

  constructor(clock) {
    this.clock = clock;
    this.#sendHeartbeats();
  }

  get newest() {
    return this.log.at(-1)?.id ?? this.first;
  }

  /** Append an event to the log, and deliver it. */
  addEvent(fields = {}) {
    const event = { type: "notification", message: "News", unread_count: 1, at: "2026-11-20T16:38:59+08:00", ...fields };
    event.id ??= this.newest + 1;
    this.log.push(event);
    for (const link of this.open) link.send([event]);
    return event.id;
  }

  /** Send a state, or any other frame without an id, to all clients. */
  broadcast(frame) {
    for (const link of this.open) link.send([frame]);
  }

  /** Tell all clients to use another transport. */
  switchTo(transport) {
    this.chosenTransport = transport;
    this.broadcast({ type: "transport", transport, reason: "told" });
  }

  /** The server process is killed: all connections break. */
  crash() {
    this.up = false;
    for (const link of [...this.open]) link.break();
  }

  requestsOf(kind) {
    return this.requests.filter((request) => request.kind === kind);
  }

  #sendHeartbeats() {
    this.clock.setTimeout(() => {
      if (this.heartbeats) for (const link of this.open) link.heartbeat(this.newest);
      this.#sendHeartbeats();
    }, HEARTBEAT);
  }

  #record(kind, url) {
    const cursor = url.searchParams.get("last_event_id");
    const topics = url.searchParams.get("topics");
    const [user, pages] = [url.searchParams.get("user"), url.searchParams.get("pages")];
    this.requests.push({ kind, at: this.clock.now, cursor, topics, pages, user });
  }

  #opened(link) {
    this.open.add(link);
    this.maxOpen = Math.max(this.maxOpen, this.open.size);
  }

  /** The events after a cursor, and the new cursor. */
  #eventsAfter(raw, maxEvents = Infinity, lag = 0) {
    const newest = this.newest - lag;
    const asked = Number(raw);
    const isInvalid = raw !== null && (asked > this.newest || asked < this.first);
    const cursor = raw === null || isInvalid ? newest : asked;
    const events = this.log.filter(({ id }) => id > cursor && id <= newest).slice(0, maxEvents);
    const end = events.length === maxEvents ? events.at(-1).id : Math.max(cursor, newest);
    const choice = this.chosenTransport ? [{ type: "transport", transport: this.chosenTransport, reason: "told" }] : [];
    return { reset: isInvalid ? [{ type: "reset", reason: "no use" }] : [], events, end, choice };
  }

  async fetch(address, { signal }) {
    const url = new URL(address);
    const kind = { "/events/": "sse", "/poll/": "poll", "/status/": "status" }[url.pathname];
    this.#record(kind, url);
    signal.throwIfAborted();
    const mode = this.up ? this[kind] : "away";
    if (mode === "away") throw new TypeError("Failed to fetch");
    if (mode === "never") return untilAborted(signal);
    if (mode === "full") return json({}, 503, { "Retry-After": String(this.retryAfter) });
    if (mode === "often") return json({}, 429, { "Retry-After": String(this.retryAfter) });
    if (mode === "proxy") return new Response("Bad gateway", { status: 502 });
    if (mode === "fault") return json({}, 500);
    if (mode === "html") return new Response("<html>", { headers: { "Content-Type": "text/html" } });
    if (mode === "absurd") return json({ frames: [{ no: "type" }], cursor: -1 });
    if (this.user === null) return json({}, 401);
    if (kind === "status") return json({ status: "connected", user: `user${this.user}`, user_id: Number(this.user) });
    if ((url.searchParams.get("user") ?? this.user) !== this.user) return json({}, 409);
    const limits = kind === "poll" ? [MAX_POLLED_EVENTS, this.lag] : [];
    const { reset, events, end, choice } = this.#eventsAfter(url.searchParams.get("last_event_id"), ...limits);
    if (kind === "sse") return this.#stream(mode, signal, { reset, events, end, choice });
    const more = events.length === MAX_POLLED_EVENTS;
    return json({ frames: [...reset, ...events, ...choice], cursor: end, more });
  }

  #stream(mode, signal, { reset, events, end, choice }) {
    const encoder = new TextEncoder();
    let controller;
    const body = new ReadableStream({ start: (created) => {
        controller = created;
      } });
    const write = (text) => mode !== "held" && controller.enqueue(encoder.encode(text));
    const link = {
      kind: "sse",
      write,
      send: (frames) => write(frames.map(encode).join("")),
      heartbeat: (cursor) => write(`: heartbeat\nid: ${cursor}\n\n`),
      break: () => this.open.delete(link) && controller.error(new TypeError("network error")),
      end: () => this.open.delete(link) && controller.close(),
    };
    signal.addEventListener("abort", () => this.open.delete(link) && controller.error(signal.reason));
    this.#opened(link);
    write(`retry: ${this.retry}\n${events.map(encode).join("")}id: ${end}\n\n${[...reset, ...choice].map(encode).join("")}`);
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }

  makeSocket(address) {
    const url = new URL(address);
    this.#record("websocket", url);
    const socket = { onopen: null, onmessage: null, onclose: null, protocol: "gistagum.v1", sent: [] };
    const mode = this.up ? this.websocket : "blocked";
    const link = {
      kind: "websocket",
      sendText: (text) => socket.onmessage?.({ data: text }),
      send: (frames) => link.sendText(JSON.stringify(frames)),
      heartbeat: (cursor) => link.send([{ type: "cursor", cursor }]),
      close: (code) => this.open.delete(link) && socket.onclose?.({ code }),
      break: () => link.close(1006),
    };
    socket.send = (text) => socket.sent.push(text);
    socket.close = () => this.open.delete(link);
    setImmediate(() => {
      if (mode === "never") return;
      if (mode === "blocked" || this.user === null) {
        socket.onclose?.({ code: 1006 });
        return;
      }
      this.#opened(link);
      socket.onopen?.();
      if (url.searchParams.get("user") !== this.user) {
        link.close(4409);
      } else if (mode === "ok") {
        const { reset, events, end, choice } = this.#eventsAfter(url.searchParams.get("last_event_id"));
        link.send([...reset, ...events, { type: "cursor", cursor: end }, ...choice]);
      } else if (mode !== "silent") {
        link.close(mode);
      } else {
        link.sendText = () => {};
      }
    });
    return socket;
  }
}

function encode(frame) {
  return `${frame.id === undefined ? "" : `id: ${frame.id}\n`}data: ${JSON.stringify(frame)}\n\n`;
}

function untilAborted(signal) {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

function json(body, status = 200, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}
