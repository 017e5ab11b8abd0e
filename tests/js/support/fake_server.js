// A made-up server, as docs/events.md describes the real one: it keeps a log, and tells it over streams, sockets and polls.

const HEARTBEAT = 15_000;
const PAGE = 50; // events in one answer to a poll

export class Site {
  log = []; // {id, type, …}
  requests = []; // {kind: "sse" | "websocket" | "poll" | "status", at, cursor, user, topics}
  open = new Set(); // streams and sockets that are open on the server
  first = 0; // the id before the oldest that is kept
  user = "7"; // who is signed in; null: nobody
  standing = null; // the transport that people are told to use
  most = 0; // the largest number of connections at once
  // How each of them answers: "ok", or one of the ways to fail that are below.
  sse = "ok";
  websocket = "ok";
  poll = "ok";
  status = "ok";
  up = true;
  heartbeats = true;
  lag = 0; // events that the process which answers polls has not read yet
  retryAfter = 5;
  retry = 4_000;

  constructor(clock) {
    this.clock = clock;
    this.#beat();
  }

  get newest() {
    return this.log.at(-1)?.id ?? this.first;
  }

  /** Something happens. */
  add(fields = {}) {
    const event = { type: "notification", message: "News", unread_count: 1, at: "2026-11-20T16:38:59+08:00", ...fields };
    event.id ??= this.newest + 1;
    this.log.push(event);
    for (const link of this.open) link.tell([event]);
    return event.id;
  }

  /** A state, or anything else without an id, to everybody. */
  say(frame) {
    for (const link of this.open) link.tell([frame]);
  }

  /** People are told to use another transport. */
  move(transport) {
    this.standing = transport;
    this.say({ type: "transport", transport, reason: "told" });
  }

  /** The server is killed: everything that is open breaks. */
  die() {
    this.up = false;
    for (const link of [...this.open]) link.break();
  }

  of(kind) {
    return this.requests.filter((request) => request.kind === kind);
  }

  #beat() {
    this.clock.setTimeout(() => {
      if (this.heartbeats) for (const link of this.open) link.beat(this.newest);
      this.#beat();
    }, HEARTBEAT);
  }

  #note(kind, url) {
    const cursor = url.searchParams.get("last_event_id");
    const topics = url.searchParams.get("topics");
    this.requests.push({ kind, at: this.clock.now, cursor, topics, user: url.searchParams.get("user") });
  }

  #opened(link) {
    this.open.add(link);
    this.most = Math.max(this.most, this.open.size);
  }

  /** What follows a cursor, and where that ends. */
  #after(raw, most = Infinity, lag = 0) {
    const newest = this.newest - lag;
    const asked = Number(raw);
    const useless = raw !== null && (asked > this.newest || asked < this.first);
    const cursor = raw === null || useless ? newest : asked;
    const events = this.log.filter(({ id }) => id > cursor && id <= newest).slice(0, most);
    const end = events.length === most ? events.at(-1).id : Math.max(cursor, newest);
    const told = this.standing ? [{ type: "transport", transport: this.standing, reason: "told" }] : [];
    return { reset: useless ? [{ type: "reset", reason: "no use" }] : [], events, end, told };
  }

  async fetch(address, { signal }) {
    const url = new URL(address);
    const kind = { "/events/": "sse", "/poll/": "poll", "/status/": "status" }[url.pathname];
    this.#note(kind, url);
    signal.throwIfAborted();
    const how = this.up ? this[kind] : "away";
    if (how === "away") throw new TypeError("Failed to fetch");
    if (how === "never") return new Promise((resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    if (how === "full") return json({}, 503, { "Retry-After": String(this.retryAfter) });
    if (how === "often") return json({}, 429, { "Retry-After": String(this.retryAfter) });
    if (how === "proxy") return new Response("Bad gateway", { status: 502 });
    if (how === "fault") return json({}, 500);
    if (how === "html") return new Response("<html>", { headers: { "Content-Type": "text/html" } });
    if (how === "absurd") return json({ frames: [{ no: "type" }], cursor: -1 });
    if (this.user === null) return json({}, 401);
    if (kind === "status") return json({ status: "connected", user: `user${this.user}`, user_id: Number(this.user) });
    if ((url.searchParams.get("user") ?? this.user) !== this.user) return json({}, 409);
    const { reset, events, end, told } = this.#after(url.searchParams.get("last_event_id"), ...(kind === "poll" ? [PAGE, this.lag] : []));
    if (kind === "poll") return json({ frames: [...reset, ...events, ...told], cursor: end, more: events.length === PAGE });
    return this.#stream(how, signal, { reset, events, end, told });
  }

  #stream(how, signal, { reset, events, end, told }) {
    const encoder = new TextEncoder();
    let pipe;
    const body = new ReadableStream({ start: (controller) => (pipe = controller) });
    const write = (text) => how !== "held" && pipe.enqueue(encoder.encode(text));
    const link = {
      kind: "sse",
      write,
      tell: (frames) => write(frames.map(encode).join("")),
      beat: (cursor) => write(`: heartbeat\nid: ${cursor}\n\n`),
      break: () => this.open.delete(link) && pipe.error(new TypeError("network error")),
      end: () => this.open.delete(link) && pipe.close(),
    };
    signal.addEventListener("abort", () => this.open.delete(link) && pipe.error(signal.reason));
    this.#opened(link);
    write(`retry: ${this.retry}\n${events.map(encode).join("")}id: ${end}\n\n${[...reset, ...told].map(encode).join("")}`);
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }

  makeSocket(address) {
    const url = new URL(address);
    this.#note("websocket", url);
    const socket = { onopen: null, onmessage: null, onclose: null, protocol: "gistagum.v1", sent: [] };
    const how = this.up ? this.websocket : "blocked";
    const link = {
      kind: "websocket",
      say: (text) => socket.onmessage?.({ data: text }),
      tell: (frames) => link.say(JSON.stringify(frames)),
      beat: (cursor) => link.tell([{ type: "cursor", cursor }]),
      shut: (code) => this.open.delete(link) && socket.onclose?.({ code }),
      break: () => link.shut(1006),
    };
    socket.send = (text) => socket.sent.push(text);
    socket.close = () => this.open.delete(link);
    setImmediate(() => {
      if (how === "never") return;
      if (how === "blocked" || this.user === null) {
        socket.onclose?.({ code: 1006 });
        return;
      }
      this.#opened(link);
      socket.onopen?.();
      if (url.searchParams.get("user") !== this.user) {
        link.shut(4409);
      } else if (how === "ok") {
        const { reset, events, end, told } = this.#after(url.searchParams.get("last_event_id"));
        link.tell([...reset, ...events, { type: "cursor", cursor: end }, ...told]);
      } else if (how !== "silent") {
        link.shut(how);
      } else {
        link.say = () => {};
      }
    });
    return socket;
  }
}

function encode(frame) {
  return `${frame.id === undefined ? "" : `id: ${frame.id}\n`}data: ${JSON.stringify(frame)}\n\n`;
}

function json(body, status = 200, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}
