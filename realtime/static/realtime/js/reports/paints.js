// When the events of one link were on the screen, until that is reported.

const MAX_EXPECTED = 500; // events that have come and are not painted yet
const MAX_PAINTS = 500; // the server accepts no more of one link

export class Paints {
  #expected = new Set();
  #paints = []; // [id, moment]

  /** An event came over this link. */
  expect(id) {
    this.#expected.add(id);
    if (this.#expected.size > MAX_EXPECTED) this.#expected.delete(this.#expected.values().next().value);
  }

  /**
   * These events were painted now.
   * @returns {boolean} whether any of them came over this link
   */
  add(ids, now) {
    const own = ids.filter((id) => this.#expected.delete(id));
    this.#paints = [...this.#paints, ...own.map((id) => [id, now])].slice(-MAX_PAINTS);
    return own.length > 0;
  }

  /** The part of a report: {painted: [[id, milliseconds ago]]}; empty if there is nothing to report. */
  toReport(ago) {
    return this.#paints.length ? { painted: this.#paints.map(([id, at]) => [id, ago(at)]) } : {};
  }

  /** These were reported. */
  remove(painted = []) {
    const reported = new Set(painted.map(([id]) => id));
    this.#paints = this.#paints.filter(([id]) => !reported.has(id));
  }
}
