// A fake browser: tabs that share locks and broadcast channels, and may freeze or crash.

export class FakeBrowser {
  tabs = new Set();
  channels = new Set();
  locks = new Map(); // name -> {held, queue}

  constructor(clock) {
    this.clock = clock;
  }

  /** What a browser does when a tab ends: its locks are granted to the next in the queue. */
  removeTab(tab) {
    this.tabs.delete(tab);
    this.clock.removeTimers(tab);
    for (const channel of this.channels) if (channel.tab === tab) this.channels.delete(channel);
    for (const [name, lock] of this.locks) {
      lock.queue = lock.queue.filter((request) => request.tab !== tab);
      if (lock.held?.tab === tab) {
        lock.held = null;
        this.#grant(name);
      }
    }
  }

  makeChannel(tab, name) {
    const channel = { tab, name, onmessage: null, close: () => this.channels.delete(channel) };
    channel.postMessage = (message) => {
      const data = structuredClone(message);
      for (const other of this.channels) {
        if (other === channel || other.name !== name) continue;
        setImmediate(() => other.tab.run(() => this.channels.has(other) && other.onmessage?.({ data })));
      }
    };
    this.channels.add(channel);
    return channel;
  }

  locksOf(tab) {
    return { request: (name, options, callback) => this.#request(tab, name, options, callback) };
  }

  /** The tab that holds the lock. */
  get holder() {
    return [...this.locks.values()].map(({ held }) => held?.tab).find(Boolean) ?? null;
  }

  #request(tab, name, { steal = false, signal } = {}, callback) {
    if (steal && signal) return Promise.reject(new DOMException("Not both.", "NotSupportedError"));
    if (!this.locks.has(name)) this.locks.set(name, { held: null, queue: [] });
    const lock = this.locks.get(name);
    return new Promise((resolve, reject) => {
      const request = { tab, callback, resolve, reject };
      if (steal) {
        const stolen = lock.held;
        lock.held = null;
        stolen?.tab.run(() => stolen.reject(new DOMException("Stolen.", "AbortError")));
        lock.queue.unshift(request);
      } else {
        lock.queue.push(request);
        signal?.addEventListener("abort", () => {
          lock.queue = lock.queue.filter((other) => other !== request);
          if (lock.held !== request) reject(new DOMException("Aborted.", "AbortError"));
        });
      }
      this.#grant(name);
    });
  }

  #grant(name) {
    const lock = this.locks.get(name);
    if (lock.held || !lock.queue.length) return;
    const request = lock.queue.shift();
    lock.held = request;
    setImmediate(() =>
      request.tab.run(async () => {
        try {
          request.resolve(await request.callback({ name }));
        } catch (error) {
          request.reject(error);
        }
        if (lock.held === request) {
          lock.held = null;
          this.#grant(name);
        }
      }),
    );
  }
}
