// How long a browser waits between two tries while it has no connection.
//
// The wait grows with the outage: at most six tenths of the time that it has lasted, so that the last browser is back
// soon after a short one, and nobody asks more often than every 15 seconds in a long one. At least half of each wait is
// random, so browsers that lost the same server at the same moment do not try at the same moment.
// docs/architecture/browser.md, "After an outage", has the figures.

const SHARE = 0.6; // of the outage
const SHORTEST = 2_000; // milliseconds
const LONGEST = 30_000; // milliseconds

export class Outage {
  #environment;
  #since;
  #rounds = 0;

  constructor(environment) {
    this.#environment = environment;
    this.begin();
  }

  /** A connection that worked was lost, or what came before no longer counts. */
  begin() {
    this.#since = this.#environment.now();
    this.#rounds = 0;
  }

  /** The rounds of tries so far. */
  get rounds() {
    return this.#rounds;
  }

  /** Milliseconds until the next round, which is counted. */
  nextWait() {
    this.#rounds += 1;
    return outageWait(this.#environment.now() - this.#since, this.#environment.random);
  }

  /** The same for the first one, which is quick: the server may just have restarted. At random within so many milliseconds. */
  firstWait(jitter) {
    if (this.#rounds) return this.nextWait();
    this.#rounds += 1;
    return this.#environment.random() * jitter;
  }
}

/**
 * @param {number} age milliseconds since the connection was lost
 * @param {() => number} random
 * @returns {number} milliseconds
 */
export function outageWait(age, random) {
  const longest = Math.min(LONGEST, Math.max(SHORTEST, SHARE * age));
  return longest * (0.5 + 0.5 * random());
}
