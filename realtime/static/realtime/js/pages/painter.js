// Shows what the server sends of the page's regions after each change, so that the page need not be fetched. Where nothing is
// sent in time, the page is fetched after all.

const WAIT = [3_000, 6_000]; // milliseconds, at random, until a page that was not sent is fetched
const MAX_MISSES = 2; // after so many times in a row the server is known not to send the page
const MAX_PENDING = 500; // events whose painting is reported
const CSRF_FIELD = 'input[name="csrfmiddlewaretoken"]';

export class Painter {
  #page;
  #regions;
  #onPainted;
  #pending = []; // ids of events that the page does not show yet
  #misses = 0;
  #timer = null;
  #unseen = 0; // up to this event nobody looked at the page: when it is painted says nothing

  /**
   * @param {{page?: string, regions: import("./regions.js").Regions, onPainted?: (ids: number[]) => void}} options the
   *   page's name (without one it is always fetched); `onPainted`: these events are on the screen
   */
  constructor({ page = "", regions, onPainted = () => {} }) {
    this.#page = page;
    this.#regions = regions;
    this.#onPainted = onPainted;
    document.addEventListener("visibilitychange", () => this.#lookAway());
  }

  /** An event came that changes the page. `min` and `max`: when to fetch a page that is not sent, as in refreshSoon(). */
  expect(id, min, max) {
    this.#pending = [...this.#pending, id].slice(-MAX_PENDING);
    this.#lookAway();
    if (!this.#page || this.#misses >= MAX_MISSES) {
      this.#regions.refreshSoon(min, max);
      return;
    }
    const [least, most] = WAIT;
    this.#timer ??= setTimeout(() => this.#giveUp(min, max), least + Math.random() * (most - least));
  }

  /**
   * Show a frame {type: "regions", page, as_of, title, regions: {name: HTML}}: as of an event or a later one.
   * @returns {boolean} whether it is about this page
   */
  paint({ page, as_of: asOf, title, regions }) {
    if (page !== this.#page || !this.#page) return false;
    this.#misses = 0;
    if (asOf < Math.max(0, ...this.#pending)) return true; // of another connection, late: the next is on its way
    const parts = Object.entries(regions).map(([name, html]) => `<div data-region="${name}">${html}</div>`);
    const fresh = new DOMParser().parseFromString(`<title>${title}</title>${parts.join("")}`, "text/html");
    const token = document.querySelector(CSRF_FIELD)?.value ?? "";
    for (const field of fresh.querySelectorAll(CSRF_FIELD)) field.setAttribute("value", token);
    const applied = [...fresh.querySelectorAll("[data-region]")].map((part) => this.#regions.apply(part.dataset.region, part));
    document.title = fresh.title;
    this.painted(asOf, applied.every(Boolean));
    return true;
  }

  /** The page has everything up to this event. `complete`: and shows it, since no region keeps what it had. */
  painted(asOf, complete = true) {
    const shown = this.#pending.filter((id) => id <= asOf && id > this.#unseen);
    this.#pending = this.#pending.filter((id) => id > asOf);
    if (!this.#pending.length) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    if (shown.length && complete) requestAnimationFrame(() => this.#onPainted(shown.filter((id) => id > this.#unseen)));
  }

  #lookAway() {
    if (document.hidden) this.#unseen = Math.max(this.#unseen, ...this.#pending);
  }

  #giveUp(min, max) {
    this.#timer = null;
    this.#misses += 1;
    this.#regions.refreshSoon(min, max);
  }
}
