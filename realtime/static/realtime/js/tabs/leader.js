// What the tab that holds the connection does: it keeps to the transport that the server told, compares a second one with
// it if the server told that, and counts what comes.

import { Connection } from "../connection/connection.js";
import { isCursor } from "../wire/frames.js";
import { PollLink } from "../transports/poll_link.js";
import { Shadow } from "../connection/shadow.js";
import { SseLink } from "../transports/sse_link.js";
import { WebSocketLink } from "../transports/websocket_link.js";
import { askStatus } from "../connection/identity.js";

const LADDERS = { websocket: ["websocket", "sse", "poll"], sse: ["sse", "poll"], shadow: ["sse", "poll"] };
const LINKS = { websocket: WebSocketLink, sse: SseLink, poll: PollLink };

/** Whether this is something that a server may tell a page to use. */
export function isWish(transport) {
  return Object.hasOwn(LADDERS, transport);
}

export class Leader {
  #page;
  #about;
  #hooks;
  #hears;
  #world;
  #heartbeat;
  #connection;
  #shadow = null;

  /**
   * @param {{page: object, about: () => object, wanted: string, state: string, hooks: object, world: object}} options
   *   the page's addresses; what to listen to and from which event on; the transport that the server told; the state to
   *   begin with; who wants to know of receipts and links
   * @param {{onFrames: (frames: object[]) => void, onState: (state: object) => void}} hears
   */
  constructor({ page, about, wanted, state, hooks, world }, hears) {
    this.#page = page;
    this.#about = about;
    this.#hooks = hooks;
    this.#hears = hears;
    this.#world = world;
    this.#heartbeat = 1000 * (Number(page.heartbeat) || 15);
    this.#connection = new Connection(
      {
        ladder: this.#ladder(wanted),
        makeLink: (transport, linkHears) => this.#makeLink(transport, linkHears, about().cursor),
        askStatus: () => askStatus(page, world),
        heartbeat: this.#heartbeat,
        state,
        world,
      },
      {
        onFrames: (frames, link) => this.#take(frames, link),
        onState: (now, transport) => hears.onState({ state: now, transport }),
        onLink: (what) => hooks.onLink?.(what),
        onFallback: (what) => hooks.onFallback?.(what),
      },
    );
  }

  /** How far the comparison is; null when there is none. */
  get shadow() {
    return this.#shadow?.counts ?? null;
  }

  /** Whether it stays away because a server asked for that. */
  get obeys() {
    return this.#connection.obeys;
  }

  start(wanted) {
    this.#connection.start();
    this.use(wanted);
  }

  stop() {
    this.#compare(false);
    this.#connection.stop();
  }

  /** The server told which transport to use. */
  use(wanted) {
    this.#connection.useLadder(this.#ladder(wanted));
    this.#compare(wanted === "shadow" && this.#has("websocket"));
  }

  /** Look after the connection: see Connection.tryNow and Connection.check. */
  lookAfter({ check = false, network = false } = {}) {
    if (check) this.#connection.check();
    else this.#connection.tryNow({ network });
  }

  goneOffline() {
    this.#connection.goneOffline();
  }

  #ladder(wanted) {
    return LADDERS[wanted].filter((transport) => this.#has(transport));
  }

  #has(transport) {
    if (transport === "websocket") return Boolean(this.#page.socketUrl) && this.#world.hasSockets();
    return transport !== "poll" || Boolean(this.#page.pollUrl);
  }

  #makeLink(transport, hears, cursor) {
    const url = { websocket: this.#page.socketUrl, sse: this.#page.streamUrl, poll: this.#page.pollUrl }[transport];
    const seen = () => this.#about().cursor;
    return new LINKS[transport]({ ...this.#about(), url, cursor, seen }, hears, this.#world);
  }

  #take(frames, link) {
    this.#world.debug("in", link.transport, this.#about().cursor, frames);
    this.#receipts(frames, link, true);
    this.#shadow?.shown(frames);
    this.#hears.onFrames(frames);
  }

  #compare(wanted) {
    if (!wanted) {
      this.#shadow?.stop();
      this.#shadow = null;
    } else if (!this.#shadow) {
      this.#shadow = new Shadow(
        {
          makeLink: (transport, hears, cursor) => this.#makeLink(transport, hears, cursor),
          heartbeat: this.#heartbeat,
          cursor: this.#about().cursor,
          world: this.#world,
        },
        {
          onFrames: (frames, link) => this.#receipts(frames, link, false),
          onLink: (what) => this.#hooks.onLink?.(what),
        },
      );
      this.#shadow.start();
    }
  }

  #receipts(frames, link, shown) {
    const receivedAt = this.#world.date();
    for (const { id, type, cursor } of frames) {
      if (isCursor(id)) {
        this.#hooks.onReceipt?.({ id, transport: link.transport, shown, receivedAt, link: link.id });
      } else if (type === "cursor" || type === "reset") {
        this.#hooks.onCursor?.({ link: link.id, cursor, reset: type === "reset" });
      }
    }
  }
}
