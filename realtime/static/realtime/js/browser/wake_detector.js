// Notices that the machine was asleep. Its connections are dead then, although nobody closed them, and no event tells of it.
//
// Some browsers' monotonic clock stands still meanwhile, others' goes on; the wall clock may come back wrong. So both clocks
// are compared with each other, and with how long the timer should have taken.

const INTERVAL = 1_000; // milliseconds between two looks at the clocks
const HIDDEN_INTERVAL = 20_000; // milliseconds on a hidden page, where nobody looks
const TOLERANCE = 10_000; // milliseconds that a timer of a busy page may be late; connections survive a shorter sleep
const HIDDEN_TOLERANCE = 90_000; // milliseconds; the timers of hidden pages run once a minute
const CLOCKS_APART = 3_000; // milliseconds by which the two clocks may disagree about how long it was

export class WakeDetector {
  #environment;
  #onWake;
  #timer = null;
  #last = null; // {now, date, hidden} at the last look; null while it does not run

  /**
   * @param {object} environment
   * @param {() => void} onWake called after the machine was asleep, or a clock was set: nobody can tell these apart
   */
  constructor(environment, onWake) {
    this.#environment = environment;
    this.#onWake = onWake;
  }

  start() {
    if (this.#last) return;
    this.#last = this.#look();
    this.#schedule();
  }

  stop() {
    this.#environment.clearTimeout(this.#timer);
    this.#last = null;
  }

  /**
   * Look at the clocks now.
   * @param {{awake?: boolean}} [known] `awake`: another page says that the machine has just woken, so a timer that is late
   *   was not merely held back
   */
  check({ awake = false } = {}) {
    if (!this.#last) return;
    const last = this.#last;
    this.#last = this.#look();
    this.#schedule();
    const monotonic = this.#last.now - last.now;
    const wall = this.#last.date - last.date;
    const isHeldBack = !awake && (last.hidden || this.#last.hidden);
    const longest = isHeldBack ? HIDDEN_INTERVAL + HIDDEN_TOLERANCE : INTERVAL + TOLERANCE;
    if (Math.abs(wall - monotonic) > CLOCKS_APART || monotonic > longest) this.#onWake();
  }

  #look() {
    const { now, date, isHidden } = this.#environment;
    return { now: now(), date: date(), hidden: isHidden() };
  }

  #schedule() {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(() => this.check(), this.#last.hidden ? HIDDEN_INTERVAL : INTERVAL);
  }
}
