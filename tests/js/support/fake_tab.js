// A tab with a page: the manager under test, in a fake browser and with a fake server.

import { LiveManager } from "../../../realtime/static/realtime/js/manager.js";
import { FakeBrowser } from "./fake_browser.js";
import { FakeClock, settle } from "./fake_clock.js";
import { FakeServer } from "./fake_server.js";

/** A clock, a server, and a browser in which to open tabs. */
export function scene({ random = () => 0.5 } = {}) {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  const browser = new FakeBrowser(clock);
  return { clock, server, browser, random, pass: (milliseconds) => clock.pass(milliseconds) };
}

export class FakeTab {
  frozen = false;
  handled = []; // the ids of all events that the handlers were called with
  frames = []; // all frames that the handlers were called with
  states = []; // in order
  resets = 0;
  receipts = [];
  links = [];
  fallbacks = [];
  errors = [];
  #backlog = [];
  #aborts = new Set();
  #lifecycle = null;

  /**
   * @param {object} scene
   * @param {object} [options] transport (of the page), shares (whether the browser has locks), hidden; and the options
   *   of LiveManager that are otherwise read from the page
   */
  constructor({ clock, server, browser, random }, { transport = "sse", shares = true, hidden = false, ...page } = {}) {
    this.clock = clock;
    this.hidden = hidden;
    this.online = true;
    this.browser = browser;
    browser.tabs.add(this);
    let links = 0;
    this.environment = {
      now: () => clock.now,
      date: () => clock.wallOffset + clock.now,
      random,
      makeId: () => `link${++links}`,
      setTimeout: (callback, milliseconds) => clock.setTimeout(callback, milliseconds, this),
      clearTimeout: (timer) => clock.clearTimeout(timer),
      fetch: (url, options) => this.#fetch(server, url, options),
      makeSocket: (url) => server.makeSocket(url),
      makeChannel: (name) => browser.makeChannel(this, name),
      hasWebSocket: () => true,
      locks: () => (shares ? browser.locksOf(this) : undefined),
      isOnline: () => this.online,
      cookie: () => undefined,
      isHidden: () => this.hidden,
      pageUrl: () => "http://office.test/dashboard/",
      reportError: (error) => this.errors.push(error),
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
      cursor: String(server.newest),
      environment: this.environment,
      watchLifecycle: (callbacks) => {
        this.#lifecycle = callbacks;
      },
      hooks: {
        onReceipt: (receipt) => this.receipts.push(receipt),
        onLink: (report) => this.links.push(report),
        onFallback: (report) => this.fallbacks.push(report),
      },
      ...page,
    };
    this.manager = new LiveManager(transport, this.page);
    this.manager.onState((state) => this.states.at(-1) !== state && this.states.push(state));
    this.manager.onReset(() => {
      this.resets += 1;
    });
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

  /** Run the callback, now or when the tab is no longer frozen. */
  run(callback) {
    if (this.frozen) this.#backlog.push(callback);
    else if (this.browser.tabs.has(this)) callback();
  }

  setVisible(visible = true) {
    this.hidden = !visible;
    this.#lifecycle.onVisibilityChange(visible);
    return settle();
  }

  network(online) {
    this.online = online;
    this.#lifecycle.onNetworkChange(online);
    return settle();
  }

  /** The user leaves the page, which the browser may keep in its back/forward cache. */
  suspend() {
    this.#lifecycle.onSuspend();
    return settle();
  }

  resume() {
    this.#lifecycle.onResume();
    return settle();
  }

  close() {
    this.#lifecycle.onSuspend();
    this.browser.removeTab(this);
    return settle();
  }

  /** The tab ends without any lifecycle event. */
  crash() {
    this.browser.removeTab(this);
    for (const abort of this.#aborts) abort.abort();
    return settle();
  }

  /** Its code no longer runs, as in a process that is stopped; the browser does not notice. */
  freeze() {
    this.frozen = true;
    return settle();
  }

  /** `timersFirst`: timers run before the messages that arrived meanwhile. */
  async thaw({ timersFirst = false } = {}) {
    this.frozen = false;
    if (timersFirst) await this.clock.pass(1);
    for (const callback of this.#backlog.splice(0)) callback();
    return settle();
  }

  async #fetch(server, url, { signal }) {
    const abort = new AbortController();
    this.#aborts.add(abort);
    signal.addEventListener("abort", () => abort.abort(signal.reason));
    if (signal.aborted) abort.abort(signal.reason);
    const response = await server.fetch(url, { signal: abort.signal });
    await this.#untilRunning();
    // Data that arrives while the tab is frozen is read when it runs again.
    const delayed = new TransformStream({
      transform: async (chunk, controller) => {
        await this.#untilRunning();
        controller.enqueue(chunk);
      },
    });
    const { status, headers } = response;
    return new Response(response.body.pipeThrough(delayed), { status, headers });
  }

  async #untilRunning() {
    while (this.frozen) await new Promise((resolve) => this.#backlog.push(resolve));
  }
}
