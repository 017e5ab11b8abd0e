// A connection for each tab, where a browser lacks what sharing one needs. It has six connections to a host over HTTP/1.1,
// for all its tabs together: a seventh would wait for ever. So only a tab that somebody looks at holds one; the others
// catch up when they are looked at.

const AWAY = 2_000; // milliseconds that a hidden tab keeps its connection: going through tabs need not close any

/** To whoever uses it the same as Tabs (shared_connection.js), with nobody to talk to. */
export class Alone {
  #world;
  #hears;
  #away = null;
  #started = false;
  #leads = false;

  constructor(world, hears) {
    this.#world = world;
    this.#hears = hears;
  }

  get leads() {
    return this.#leads;
  }

  start() {
    if (this.#started) return;
    this.#started = true;
    if (!this.#world.isHidden()) this.#step(true);
  }

  stop() {
    this.#started = false;
    this.#world.clearTimeout(this.#away);
    this.#step(false);
  }

  seen(visible) {
    this.#world.clearTimeout(this.#away);
    if (!this.#started) return;
    if (!visible) this.#away = this.#world.setTimeout(() => this.#step(false), AWAY);
    else if (this.#leads) this.#hears.onAsk({});
    else this.#step(true);
  }

  tell() {}

  tellStatus() {}

  ask(what) {
    if (this.#leads) this.#hears.onAsk(what);
  }

  #step(leads) {
    if (leads === this.#leads) return;
    this.#leads = leads;
    if (leads) this.#hears.onLead();
    else this.#hears.onLetGo();
  }
}
