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
        isPartial = !this.#apply(new DOMParser().parseFromString(await response.text(), "text/html"));
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

  #apply(fresh) {
    if (fresh.documentElement.dataset.userId !== document.documentElement.dataset.userId) {
      this.#onUnavailable("other-user");
      return true;
    }
    this.#onRefresh(fresh);
    return replaceRegions(fresh);
  }
}

const CSRF_FIELD = 'input[name="csrfmiddlewaretoken"]';

/**
 * Replace every region of this document that differs from the same one in `fresh`, and restore the focus.
 * @returns {boolean} false if a region was not replaced because a confirmation is open in it
 */
function replaceRegions(fresh) {
  let complete = true;
  for (const region of document.querySelectorAll("[data-region]")) {
    const replacement = fresh.querySelector(`[data-region="${region.dataset.region}"]`);
    if (!replacement || markup(replacement) === markup(region)) continue;
    if (region.querySelector("details[open]")) {
      complete = false;
      continue;
    }
    const focus = rememberFocus(document.activeElement, region);
    region.replaceChildren(...replacement.childNodes);
    focus?.restore();
  }
  const token = fresh.querySelector(CSRF_FIELD)?.value;
  if (token) for (const field of document.querySelectorAll(CSRF_FIELD)) field.value = token;
  document.title = fresh.title;
  return complete;
}

/** A region's markup without the CSRF tokens of its forms, which differ with every response. */
function markup(region) {
  return region.innerHTML.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
}
