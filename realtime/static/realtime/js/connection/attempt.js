// One link with its deadlines: it must show a sign of life soon after it was opened, and again and again after that.

const OPEN_WITHIN = { websocket: 3_500, sse: 8_000, poll: 10_000 }; // milliseconds until the first sign of life
const POLL_SILENCE = 45_000; // milliseconds; a poll is silent between two questions
const GRACE = 3_000; // milliseconds that a heartbeat may be late
const SLEPT = 5_000; // milliseconds that a timer is late when the machine, not the network, was asleep

export class Attempt {
  #world;
  #hears;
  #silence;
  #heard;
  #workedAt = null;
  #timer = null;
  #over = false;

  /**
   * @param {{transport: string, heartbeat: number, makeLink: (transport: string, hears: object) => object,
   *   world: object}} options `heartbeat`: milliseconds between two signs of life of a server that has nothing to say
   * @param {{onWorks: (attempt: Attempt) => void, onProved: (attempt: Attempt) => void,
   *   onFrames: (frames: object[], link: object) => void, onEnd: (attempt: Attempt, end: object) => void}} hears
   *   `onWorks` at the first sign of life, before its frames; `onProved` when there is one beyond the time of silence:
   *   it was more than a good beginning
   */
  constructor({ transport, heartbeat, makeLink, world }, hears) {
    this.transport = transport;
    this.#world = world;
    this.#hears = hears;
    this.#heard = world.now();
    this.#silence = transport === "poll" ? POLL_SILENCE : 2 * heartbeat + GRACE;
    this.link = makeLink(transport, {
      onFrames: (frames) => {
        this.#beat();
        hears.onFrames(frames, this.link);
      },
      onBeat: () => this.#beat(),
      onEnd: (end) => this.#end(end),
    });
  }

  open() {
    this.#timer = this.#world.setTimeout(() => this.giveUp("silent"), OPEN_WITHIN[this.transport]);
    this.link.open();
  }

  get works() {
    return this.#workedAt !== null;
  }

  /** Milliseconds that it has worked. */
  get lasted() {
    return this.works ? this.#world.now() - this.#workedAt : 0;
  }

  /** Whether it should have been heard of by now. */
  get isSilent() {
    return this.#world.now() - this.#heard > this.#silence;
  }

  /** End it; that is the end that `onEnd` gets. */
  giveUp(reason) {
    this.link.close();
    this.#end({ reason });
  }

  /** End it without a word. */
  close() {
    this.#over = true;
    this.#world.clearTimeout(this.#timer);
    this.link.close();
  }

  #end(end) {
    if (this.#over) return;
    this.close();
    this.#hears.onEnd(this, end);
  }

  #beat() {
    this.#heard = this.#world.now();
    if (!this.works) {
      this.#workedAt = this.#heard;
      this.#world.clearTimeout(this.#timer);
      this.#watch(this.#silence);
      this.#hears.onWorks(this);
    } else if (this.lasted > this.#silence) {
      this.#hears.onProved(this);
    }
  }

  #watch(milliseconds) {
    const due = this.#world.now() + milliseconds;
    this.#timer = this.#world.setTimeout(() => {
      const now = this.#world.now();
      const left = this.#silence - (now - this.#heard);
      if (left > 0) this.#watch(left);
      else this.giveUp(now - due > SLEPT ? "stale" : "silent");
    }, milliseconds);
  }
}
