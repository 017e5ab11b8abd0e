// Bringing a page up to date without reloading it: its own address is fetched again, and every [data-region] whose
// markup differs is replaced. The server's templates stay the only place that says how things look.

import { backoff } from "../wire/backoff.js";
import { placeOf } from "./focus.js";

const LEAST = 1000; // milliseconds between two fetches
const PATIENCE = 30000; // milliseconds for an answer
const MOST_WAIT = 60000; // milliseconds between two tries while the server does not answer

export class Regions {
  #timer = null;
  #due = Infinity;
  #busy = false;
  #again = false;
  #last = -Infinity;
  #failures = 0;
  #stopped = false;
  #onGone;
  #onFresh;

  /**
   * @param {{onGone: (why: number | "other-user") => void, onFresh?: (fresh: Document) => void}} options called when
   *   the page itself is no longer to be had (a status: 404, 403, 401, or 0 for a redirect to the sign-in page), and
   *   with the document that was fetched
   */
  constructor({ onGone, onFresh = () => {} }) {
    this.#onGone = onGone;
    this.#onFresh = onFresh;
    document.addEventListener("visibilitychange", () => this.catchUp());
    // A confirmation that was open was left alone; now that it is closed, its region can follow.
    document.addEventListener("toggle", (event) => event.target.open || this.catchUp(), { capture: true });
  }

  /**
   * Fetch the page soon: after `least` to `most` milliseconds, at random, so that many browsers that heard of the same
   * event do not all ask at once. Asking again before that changes nothing unless it would surely be sooner: one throw
   * of the dice for each fetch, or many events in a row would bring all browsers to the earliest moment.
   */
  refreshSoon(least, most) {
    if (this.#stopped) return;
    if (document.hidden || this.#busy) {
      this.#again = true; // a page that nobody sees is fetched when somebody looks
      return;
    }
    const now = performance.now();
    if (now + most >= this.#due) return;
    const due = Math.max(now + least + Math.random() * (most - least), this.#last + LEAST);
    if (due >= this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), due - now);
  }

  /** Fetch what could not be fetched when it was due: nobody looked, the server was away, a confirmation was open. */
  catchUp() {
    if (!this.#again || document.hidden) return;
    this.#failures = 0;
    this.refreshSoon(0, 300);
  }

  /** No more fetches: there is nothing to bring up to date. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #refresh() {
    this.#due = Infinity;
    if (document.hidden) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    this.#again = false;
    let held = false;
    try {
      const answer = await fetch(location.href, {
        headers: { Accept: "text/html" },
        redirect: "manual",
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
      if (answer.ok) held = !this.#take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      else if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) this.#onGone(answer.status);
      else throw new Error(`The page was answered with ${answer.status}.`);
      this.#failures = 0;
    } catch {
      this.#failures += 1;
    } finally {
      this.#busy = false;
      this.#last = performance.now();
    }
    const wait = LEAST + backoff(this.#failures, { most: MOST_WAIT });
    if (this.#failures) this.refreshSoon(wait, wait);
    else if (this.#again) this.refreshSoon(100, 500);
    this.#again ||= held || this.#failures > 0;
  }

  #take(fresh) {
    if (fresh.documentElement.dataset.userId !== document.documentElement.dataset.userId) {
      this.#onGone("other-user");
      return true;
    }
    this.#onFresh(fresh);
    return swap(fresh);
  }
}

/**
 * Replace every region of this document that differs from the same one in `fresh`; the focus stays where it was.
 * @returns {boolean} false when a region was left as it is, because somebody is about to confirm something in there
 */
export function swap(fresh) {
  let whole = true;
  for (const region of document.querySelectorAll("[data-region]")) {
    const replacement = fresh.querySelector(`[data-region="${region.dataset.region}"]`);
    if (!replacement || markup(replacement) === markup(region)) continue;
    if (region.querySelector("details[open]")) {
      whole = false;
      continue;
    }
    const place = placeOf(document.activeElement, region);
    region.replaceChildren(...replacement.childNodes);
    place?.focus();
  }
  const token = fresh.querySelector(TOKEN)?.value;
  if (token) for (const field of document.querySelectorAll(TOKEN)) field.value = token;
  document.title = fresh.title;
  return whole;
}

const TOKEN = 'input[name="csrfmiddlewaretoken"]';

/** A region's markup without the tokens of its forms, which differ each time the page is made. */
function markup(region) {
  return region.innerHTML.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
}
