// A made-up browser: tabs that share locks and channels, and may freeze or crash.

export class Browser {
  tabs = new Set();
  channels = new Set();
  locks = new Map(); // name -> {held, queue}

  constructor(clock) {
    this.clock = clock;
  }

  /** The browser's own part in the end of a tab: its locks go to the next. */
  forget(tab) {
    this.tabs.delete(tab);
    this.clock.forget(tab);
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
        setImmediate(() => other.tab.soon(() => this.channels.has(other) && other.onmessage?.({ data })));
      }
    };
    this.channels.add(channel);
    return channel;
  }

  locksOf(tab) {
    return { request: (name, options, callback) => this.#request(tab, name, options, callback) };
  }

  /** Who holds the lock of this name that tabs share. */
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
        const robbed = lock.held;
        lock.held = null;
        robbed?.tab.soon(() => robbed.reject(new DOMException("Taken.", "AbortError")));
        lock.queue.unshift(request);
      } else {
        lock.queue.push(request);
        signal?.addEventListener("abort", () => {
          lock.queue = lock.queue.filter((other) => other !== request);
          if (lock.held !== request) reject(new DOMException("Given up.", "AbortError"));
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
      request.tab.soon(async () => {
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
