// Updates a page without reloading it: fetches the page's own URL again and offers every [data-region] that it has to the
// page (holding.js). So the server's templates remain the only place that defines how things look.

import { backoff } from "../wire/backoff.js";
import { Cause, HeldRegions } from "./holding.js";

export { Cause };

const CSRF_FIELD = 'input[name="csrfmiddlewaretoken"]';
const MIN_INTERVAL = 1000; // milliseconds between two fetches
const TIMEOUT = 30000; // milliseconds
const MAX_RETRY_DELAY = 60000; // milliseconds between two tries while the server does not respond

export class Regions {
  #timer = null;
  #dueAt = Infinity;
  #isFetching = false;
  #isOutdated = false;
  #lastFetch = -Infinity;
  #failures = 0;
  #stopped = false;
  #held = new HeldRegions();
  #own = null; // the Cause of a refresh that follows what the user has done, until it begins
  #onUnavailable;
  #onRefresh;

  /**
   * @param {{onUnavailable: (why: number | "other-user") => void, onRefresh?: (fresh: Document) => void}} options called
   *   when the page itself is no longer available (a status: 404, 403, 401, or 0 for a redirect to the sign-in page), and
   *   with each document that was fetched
   */
  constructor({ onUnavailable, onRefresh = () => {} }) {
    this.#onUnavailable = onUnavailable;
    this.#onRefresh = onRefresh;
    document.addEventListener("visibilitychange", () => this.catchUp());
  }

  /**
   * Fetch the page after a random delay between `min` and `max` milliseconds, so that browsers that received the same event
   * do not all fetch at once. Calls before that have no effect unless their whole range is earlier: a new random delay for
   * each of many events in a row would move all browsers to the earliest moment.
   */
  refreshSoon(min, max) {
    if (this.#stopped) return;
    if (document.hidden || this.#isFetching) {
      this.#isOutdated = true; // a hidden page is fetched when it becomes visible
      return;
    }
    const now = performance.now();
    if (now + max >= this.#dueAt) return;
    const due = Math.max(now + min + Math.random() * (max - min), this.#lastFetch + MIN_INTERVAL);
    if (due >= this.#dueAt) return;
    this.#dueAt = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), due - now);
  }

  /**
   * Fetch the page at once, after something that the user has done on it.
   * @param {string} cause Cause.OWN_ROW if it concerns one row, else Cause.OWN
   */
  refreshOwn(cause) {
    this.#own = this.#own && this.#own !== cause ? Cause.OWN : cause;
    if (this.#stopped || this.#isFetching) return;
    clearTimeout(this.#timer);
    this.#refresh();
  }

  /** Whether the user is at work in a region or on something that it would move: nothing in it may change its size. */
  holds(region) {
    return this.#held.holds(region);
  }

  /** Make up for a fetch that was not possible: the page was hidden, or the server down. */
  catchUp() {
    if (!this.#isOutdated || document.hidden) return;
    this.#failures = 0;
    this.refreshSoon(0, 300);
  }

  /** Do not fetch any more. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #refresh() {
    this.#dueAt = Infinity;
    if (document.hidden) {
      this.#isOutdated = true;
      return;
    }
    this.#isFetching = true;
    this.#isOutdated = false;
    const cause = this.#own ?? Cause.OTHERS;
    this.#own = null;
    try {
      const response = await fetch(location.href, {
        headers: { Accept: "text/html" },
        redirect: "manual",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      if (response.ok) {
        this.applyPage(new DOMParser().parseFromString(await response.text(), "text/html"), cause);
      } else if (response.type === "opaqueredirect" || [401, 403, 404].includes(response.status)) {
        this.#onUnavailable(response.status);
      } else {
        throw new Error(`The page was answered with ${response.status}.`);
      }
      this.#failures = 0;
    } catch {
      this.#failures += 1;
    } finally {
      this.#isFetching = false;
      this.#lastFetch = performance.now();
    }
    const wait = MIN_INTERVAL + backoff(this.#failures, { max: MAX_RETRY_DELAY });
    if (this.#failures) this.refreshSoon(wait, wait);
    else if (this.#own) this.refreshOwn(this.#own);
    else if (this.#isOutdated) this.refreshSoon(100, 500);
    this.#isOutdated ||= this.#failures > 0;
  }

  /**
   * Show a fresh version of the page, where the user is not at work.
   * @param {Document} fresh
   * @param {string} [cause] a Cause
   */
  applyPage(fresh, cause) {
    if (fresh.documentElement.dataset.userId !== document.documentElement.dataset.userId) {
      this.#onUnavailable("other-user");
      return;
    }
    this.#onRefresh(fresh);
    for (const region of document.querySelectorAll("[data-region]")) {
      const content = fresh.querySelector(`[data-region="${CSS.escape(region.dataset.region)}"]`);
      if (content) this.#held.offer(region, content, cause);
    }
    const token = fresh.querySelector(CSRF_FIELD)?.value;
    if (token) for (const field of document.querySelectorAll(CSRF_FIELD)) field.value = token;
    document.title = fresh.title;
  }

  /**
   * Show new content of one region, at once or when the user is elsewhere.
   * @param {string} name
   * @param {Element} fragment whose child nodes are the content
   * @returns {boolean} whether the region shows it now
   */
  apply(name, fragment) {
    const region = document.querySelector(`[data-region="${CSS.escape(name)}"]`);
    return !region || this.#held.offer(region, fragment);
  }
}
