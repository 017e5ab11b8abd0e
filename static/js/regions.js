// Bringing a page up to date without reloading it: its own address is fetched again, and every [data-region] whose
// markup differs is replaced. The server's templates stay the only place that says how things look.

const LEAST = 1000; // milliseconds between two fetches

export class Regions {
  #timer = null;
  #due = Infinity;
  #busy = false;
  #again = false;
  #last = 0;
  #onGone;

  /** @param {(status: number) => void} onGone called when the page itself is no longer to be had (404, 403, signed out) */
  constructor(onGone) {
    this.#onGone = onGone;
    document.addEventListener("visibilitychange", () => document.hidden || (this.#again && this.refreshSoon(0, 0)));
  }

  /**
   * Fetch the page soon: after `least` to `most` milliseconds, at random, so that many browsers that heard of the same
   * event do not all ask at once. Asking again before that changes nothing unless it would be sooner.
   */
  refreshSoon(least, most) {
    if (document.hidden || this.#busy) {
      this.#again = true; // a page that nobody sees is fetched when somebody looks
      return;
    }
    const now = performance.now();
    const due = Math.max(now + least + Math.random() * (most - least), this.#last + LEAST);
    if (due >= this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), due - now);
  }

  async #refresh() {
    this.#due = Infinity;
    this.#busy = true;
    this.#again = false;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual", cache: "no-store" });
      if (answer.ok) this.#again = !swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      else if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) this.#onGone(answer.status);
      else this.#again = true;
    } catch {
      this.#again = true; // the server cannot be reached now: the next event or the next look tries again
    } finally {
      this.#busy = false;
      this.#last = performance.now();
      if (this.#again) this.refreshSoon(1000, 3000);
    }
  }
}

/**
 * Replace every region of this document that differs from the same one in `fresh`; the focus stays where it was.
 * @returns {boolean} false when a region was left as it is, because somebody is about to confirm something in there
 */
export function swap(fresh) {
  const focused = document.activeElement;
  let whole = true;
  for (const region of document.querySelectorAll("[data-region]")) {
    const replacement = fresh.querySelector(`[data-region="${region.dataset.region}"]`);
    if (!replacement || replacement.innerHTML === region.innerHTML) continue;
    if (region.querySelector("details[open]")) {
      whole = false;
      continue;
    }
    const name = region.contains(focused) ? nameOf(focused) : null;
    region.replaceChildren(...replacement.childNodes);
    if (name) region.querySelector(name)?.focus({ preventScroll: true });
  }
  const title = fresh.querySelector("title");
  if (title) document.title = title.textContent;
  return whole;
}

/** A selector that finds the same control again after its region was replaced; null when there is none. */
function nameOf(element) {
  const href = element.getAttribute("href");
  if (href) return `a[href="${CSS.escape(href)}"]`;
  const row = element.closest("[data-notification-id]");
  return row && element.value ? `[data-notification-id="${row.dataset.notificationId}"] [value="${element.value}"]` : null;
}
