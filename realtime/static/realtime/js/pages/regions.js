// Updates a page without reloading it: fetches the page's own URL again and replaces every [data-region] whose markup
// differs. So the server's templates remain the only place that defines how things look.

import { backoff } from "../wire/backoff.js";
import { rememberFocus } from "./focus.js";

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
    // A region with an open confirmation was not replaced; it can be when the confirmation is closed.
    document.addEventListener("toggle", (event) => event.target.open || this.catchUp(), { capture: true });
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

  /** Make up for a fetch that was not possible: the page was hidden, the server down, or a confirmation open. */
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
    let isPartial = false;
    try {
      const response = await fetch(location.href, {
        headers: { Accept: "text/html" },
        redirect: "manual",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      if (response.ok) {
        isPartial = !this.#show(new DOMParser().parseFromString(await response.text(), "text/html"));
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
    else if (this.#isOutdated) this.refreshSoon(100, 500);
    this.#isOutdated ||= isPartial || this.#failures > 0;
  }

  /**
   * Show new content of one region, and restore the focus.
   * @param {string} name
   * @param {ParentNode} fragment whose child nodes are the content
   * @returns {boolean} false if the region keeps its content for now, because a confirmation is open in it; it is fetched
   *   when that is closed
   */
  apply(name, fragment) {
    const isShown = replaceRegion(name, fragment);
    this.#isOutdated ||= !isShown;
    return isShown;
  }

  /** Show the regions of a document that was fetched. */
  #show(fresh) {
    if (fresh.documentElement.dataset.userId !== document.documentElement.dataset.userId) {
      this.#onUnavailable("other-user");
      return true;
    }
    const regions = [...document.querySelectorAll("[data-region]")].map(({ dataset }) => {
      const replacement = fresh.querySelector(`[data-region="${CSS.escape(dataset.region)}"]`);
      return !replacement || replaceRegion(dataset.region, replacement);
    });
    const token = fresh.querySelector(CSRF_FIELD)?.value;
    if (token) for (const field of document.querySelectorAll(CSRF_FIELD)) field.value = token;
    document.title = fresh.title;
    this.#onRefresh(fresh);
    return regions.every(Boolean);
  }
}

const CSRF_FIELD = 'input[name="csrfmiddlewaretoken"]';

/** @returns {boolean} false if the region was not replaced because a confirmation is open in it */
function replaceRegion(name, fragment) {
  const region = document.querySelector(`[data-region="${CSS.escape(name)}"]`);
  if (!region || markup(fragment) === markup(region)) return true;
  if (region.querySelector("details[open]")) return false;
  const focus = rememberFocus(document.activeElement, region);
  region.replaceChildren(...fragment.childNodes);
  focus?.restore();
  return true;
}

/** A region's markup without the CSRF tokens of its forms, which differ with every response. */
function markup(region) {
  return region.innerHTML.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
}
