// A tab with a page in it: the manager under test, in a made-up browser, before a made-up server.

import { LiveManager } from "../../../realtime/static/realtime/js/manager.js";
import { Browser } from "./fake_browser.js";
import { Clock, settle } from "./fake_clock.js";
import { Site } from "./fake_server.js";

/** A clock, a server, and a browser in which to open tabs. */
export function scene({ random = () => 0.5 } = {}) {
  const clock = new Clock();
  const site = new Site(clock);
  const browser = new Browser(clock);
  return { clock, site, browser, random, pass: (milliseconds) => clock.pass(milliseconds) };
}

export class Tab {
  frozen = false;
  handled = []; // ids, as often as they were handed out
  frames = []; // everything that was handed out
  states = []; // as they followed each other
  resets = 0;
  receipts = [];
  links = [];
  fallbacks = [];
  errors = [];
  #backlog = [];
  #aborts = new Set();
  #moments = null;

  /**
   * @param {object} scene
   * @param {object} [options] transport (of the page), shares (whether the browser has locks), hidden, online; and what
   *   the page says, as of LiveManager
   */
  constructor({ clock, site, browser, random }, { transport = "sse", shares = true, hidden = false, ...page } = {}) {
    this.clock = clock;
    this.hidden = hidden;
    this.online = true;
    this.browser = browser;
    browser.tabs.add(this);
    let links = 0;
    this.world = {
      now: () => clock.now,
      date: () => 1_700_000_000_000 + clock.now,
      random,
      makeId: () => `link${(links += 1)}`,
      setTimeout: (callback, milliseconds) => clock.setTimeout(callback, milliseconds, this),
      clearTimeout: (timer) => clock.clearTimeout(timer),
      fetch: (address, options) => this.#fetch(site, address, options),
      makeSocket: (address) => site.makeSocket(address),
      makeChannel: (name) => browser.makeChannel(this, name),
      hasSockets: () => true,
      locks: () => (shares ? browser.locksOf(this) : undefined),
      isOnline: () => this.online,
      isHidden: () => this.hidden,
      here: () => "http://office.test/dashboard/",
      report: (error) => this.errors.push(error),
      debug: () => {},
    };
    this.page = {
      streamUrl: "/events/",
      socketUrl: "/ws/events/",
      pollUrl: "/poll/",
      statusUrl: "/status/",
      userId: "7",
      user: "user7",
      heartbeat: "15",
      cursor: String(site.newest),
      world: this.world,
      watch: (moments) => (this.#moments = moments),
      hooks: {
        onReceipt: (receipt) => this.receipts.push(receipt),
        onLink: (what) => this.links.push(what),
        onFallback: (what) => this.fallbacks.push(what),
      },
      ...page,
    };
    this.manager = new LiveManager(transport, this.page);
    this.manager.onState((state) => this.states.at(-1) !== state && this.states.push(state));
    this.manager.onReset(() => (this.resets += 1));
    for (const connect of ["connectNotifications", "connectDashboard", "connectProjects"]) {
      this.manager[connect]((frame) => {
        this.frames.push(frame);
        if (frame.id !== undefined) this.handled.push(frame.id);
      });
    }
  }

  get status() {
    return this.manager.getStatus();
  }

  /** Run it, now or when the tab runs again. */
  soon(what) {
    if (this.frozen) this.#backlog.push(what);
    else if (this.browser.tabs.has(this)) what();
  }

  look(visible = true) {
    this.hidden = !visible;
    this.#moments.onSeen(visible);
    return settle();
  }

  network(online) {
    this.online = online;
    this.#moments.onNetwork(online);
    return settle();
  }

  /** The page is left, and perhaps kept for the way back. */
  leave() {
    this.#moments.onLeave();
    return settle();
  }

  back() {
    this.#moments.onBack();
    return settle();
  }

  close() {
    this.#moments.onLeave();
    this.browser.forget(this);
    return settle();
  }

  /** It is gone without a word. */
  crash() {
    this.browser.forget(this);
    for (const abort of this.#aborts) abort.abort();
    return settle();
  }

  /** Nothing of it runs any more, as with a process that is stopped; the browser knows of nothing. */
  freeze() {
    this.frozen = true;
    return settle();
  }

  /** `timersFirst`: it gets to its timers before it gets to what it was told meanwhile. */
  async thaw({ timersFirst = false } = {}) {
    this.frozen = false;
    if (timersFirst) await this.clock.pass(1);
    this.#backlog.splice(0).forEach((what) => what());
    return settle();
  }

  async #fetch(site, address, { signal }) {
    const abort = new AbortController();
    this.#aborts.add(abort);
    signal.addEventListener("abort", () => abort.abort(signal.reason));
    if (signal.aborted) abort.abort(signal.reason);
    const answer = await site.fetch(address, { signal: abort.signal });
    await this.#running();
    // What comes while the tab is frozen is read when it runs again.
    const late = new TransformStream({
      transform: async (chunk, pipe) => {
        await this.#running();
        pipe.enqueue(chunk);
      },
    });
    const { status, headers } = answer;
    return new Response(answer.body.pipeThrough(late), { status, headers });
  }

  async #running() {
    while (this.frozen) await new Promise((resolve) => this.#backlog.push(resolve));
  }
}
