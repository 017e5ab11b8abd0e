// What the leader tab does: it keeps the connection in the mode that the server chose, runs the shadow connection in shadow
// mode, and reports every event and cursor that arrives.

import { Connection } from "../connection/connection.js";
import { checkIdentity } from "../connection/identity.js";
import { Shadow } from "../connection/shadow.js";
import { PollLink } from "../transports/poll_link.js";
import { SseLink } from "../transports/sse_link.js";
import { WebSocketLink } from "../transports/websocket_link.js";
import { isCursor } from "../wire/frames.js";

/** The fallback order of each mode, the best transport first. */
const FALLBACK_ORDERS = { websocket: ["websocket", "sse", "poll"], sse: ["sse", "poll"], shadow: ["sse", "poll"] };
const LINKS = { websocket: WebSocketLink, sse: SseLink, poll: PollLink };

/** Whether this is a mode that a server may choose for a page. */
export function isMode(mode) {
  return Object.hasOwn(FALLBACK_ORDERS, mode);
}

export class Leader {
  #page;
  #subscription;
  #hooks;
  #callbacks;
  #environment;
  #heartbeat;
  #connection;
  #shadow = null;

  /**
   * @param {{page: object, subscription: () => object, mode: string, state: string, hooks: object, environment: object}}
   *   options `page`: its URLs and user; `subscription`: the current topics, pages, cursor and user; `state`: the initial one;
   *   `hooks`: as of LiveManager
   * @param {{onFrames: (frames: object[]) => void, onState: (state: object) => void}} callbacks
   */
  constructor({ page, subscription, mode, state, hooks, environment }, callbacks) {
    this.#page = page;
    this.#subscription = subscription;
    this.#hooks = hooks;
    this.#callbacks = callbacks;
    this.#environment = environment;
    this.#heartbeat = 1000 * (Number(page.heartbeat) || 15);
    this.#connection = new Connection(
      {
        fallbackOrder: this.#fallbackOrder(mode),
        makeLink: (transport, linkCallbacks) => this.#makeLink(transport, linkCallbacks, subscription().cursor),
        checkIdentity: () => checkIdentity(page, environment),
        heartbeat: this.#heartbeat,
        state,
        environment,
      },
      {
        onFrames: (frames, link) => this.#deliver(frames, link),
        onState: (now, transport) => callbacks.onState({ state: now, transport }),
        onLink: (report) => hooks.onLink?.(report),
        onFallback: (report) => hooks.onFallback?.(report),
      },
    );
  }

  /** The counts of the shadow comparison; null outside of shadow mode. */
  get shadow() {
    return this.#shadow?.counts ?? null;
  }

  /** Whether it is disconnected because the server requested a pause. */
  get isPaused() {
    return this.#connection.isPaused;
  }

  start(mode) {
    this.#connection.start();
    this.setMode(mode);
  }

  stop() {
    this.#setShadow(false);
    this.#connection.stop();
  }

  setMode(mode) {
    this.#connection.setFallbackOrder(this.#fallbackOrder(mode));
    this.#setShadow(mode === "shadow" && this.#isAvailable("websocket"));
  }

  /** Check the connection: see Connection.reconnectNow and Connection.verifyUser. */
  checkConnection({ check = false, network = false } = {}) {
    if (check) this.#connection.verifyUser();
    else this.#connection.reconnectNow({ network });
  }

  /** The subscription has changed. */
  renew() {
    this.#connection.renew();
  }

  /** The machine was asleep: see Connection.wake. */
  wake() {
    this.#connection.wake();
    this.#shadow?.reconnect();
  }

  goOffline() {
    this.#connection.goOffline();
  }

  #fallbackOrder(mode) {
    return FALLBACK_ORDERS[mode].filter((transport) => this.#isAvailable(transport));
  }

  #isAvailable(transport) {
    if (transport === "websocket") return Boolean(this.#page.socketUrl) && this.#environment.hasWebSocket();
    return transport !== "poll" || Boolean(this.#page.pollUrl);
  }

  #makeLink(transport, callbacks, cursor) {
    const url = { websocket: this.#page.socketUrl, sse: this.#page.streamUrl, poll: this.#page.pollUrl }[transport];
    const pageCursor = () => this.#subscription().cursor;
    const subscription = { ...this.#subscription(), url, cursor, pageCursor };
    return new LINKS[transport](subscription, callbacks, this.#environment);
  }

  #deliver(frames, link) {
    this.#environment.debug("in", link.transport, this.#subscription().cursor, frames);
    this.#report(frames, link, true);
    this.#shadow?.recordShown(frames);
    this.#callbacks.onFrames(frames);
  }

  #setShadow(enabled) {
    if (!enabled) {
      this.#shadow?.stop();
      this.#shadow = null;
    } else if (!this.#shadow) {
      this.#shadow = new Shadow(
        {
          makeLink: (transport, callbacks, cursor) => this.#makeLink(transport, callbacks, cursor),
          heartbeat: this.#heartbeat,
          cursor: this.#subscription().cursor,
          environment: this.#environment,
        },
        {
          onFrames: (frames, link) => this.#report(frames, link, false),
          onLink: (report) => this.#hooks.onLink?.(report),
        },
      );
      this.#shadow.start();
    }
  }

  #report(frames, link, shown) {
    const receivedAt = this.#environment.date();
    for (const { id, type, cursor } of frames) {
      if (isCursor(id)) {
        this.#hooks.onReceipt?.({ id, transport: link.transport, shown, receivedAt, link: link.id });
      } else if (type === "cursor" || type === "reset") {
        this.#hooks.onCursor?.({ link: link.id, cursor, reset: type === "reset" });
      }
    }
  }
}
