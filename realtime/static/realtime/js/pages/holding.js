// Applies fresh content to the regions of a page, but not to one that the user is at work in: that one waits, says so, and
// follows when the user is elsewhere.

import { Attention } from "./attention.js";
import { rememberFocus } from "./focus.js";
import { NOTICE, removeNotice, showNotice } from "./held_notice.js";
import { countNew, withoutNew } from "./rows.js";

const CHECK_INTERVAL = 200; // milliseconds between two looks at whether what waits may be shown
const NOTICE_AFTER = 1000; // milliseconds for which a region waits without saying so

/** What a fresh region follows: a change by somebody else, or by this user to one row, or to all of it. */
export const Cause = Object.freeze({ OTHERS: "others", OWN_ROW: "own-row", OWN: "own" });

export class HeldRegions {
  #attention = new Attention();
  #waiting = new Map(); // {fresh, since} of each region that waits
  #changedAt = new WeakMap();
  #timer = null;
  #clickedAt = 0; // of the first of several clicks at one place

  constructor() {
    document.addEventListener("click", (event) => this.#onClick(event), { capture: true });
  }

  /**
   * Show `fresh` in the region, at once or when the user is elsewhere.
   * @param {HTMLElement} region
   * @param {Element} fresh the same region as the server has just made it; only its newest version waits
   * @param {string} [cause] a Cause: what the user has done here is shown at once, unless a menu that was opened since, or
   *   what is typed, would be lost
   * @returns {boolean} whether the region shows it now
   */
  offer(region, fresh, cause = Cause.OTHERS) {
    if (markup(fresh) === markup(region)) {
      this.#waiting.delete(region);
      removeNotice(region);
    } else if (!(cause === Cause.OWN ? this.#attention.isBound(region) : this.#attention.holds(region))) {
      this.#show(region, fresh);
    } else {
      const since = this.#waiting.get(region)?.since ?? performance.now();
      this.#waiting.set(region, { fresh, since });
      if (cause === Cause.OWN_ROW) this.#replace(region, withoutNew(region, fresh));
      if (region.querySelector(NOTICE) || cause === Cause.OWN_ROW) this.#notify(region);
    }
    this.#schedule();
    return !this.#waiting.has(region);
  }

  /** Whether a region is in use, so that nothing in it may move. */
  holds(region) {
    return this.#attention.holds(region);
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (this.#waiting.size) this.#timer = setTimeout(() => this.#check(), CHECK_INTERVAL);
  }

  #check() {
    for (const [region, { fresh, since }] of this.#waiting) {
      if (!region.isConnected || !region.dataset.region) this.#waiting.delete(region);
      else if (!this.#attention.holds(region)) this.#show(region, fresh);
      else if (performance.now() - since > NOTICE_AFTER && !region.querySelector(NOTICE)) this.#notify(region);
    }
    this.#schedule();
  }

  #notify(region) {
    const { fresh } = this.#waiting.get(region);
    if (markup(fresh) === markup(region)) this.#waiting.delete(region);
    else showNotice(region, countNew(region, fresh), (button, cameFrom) => this.#showAll(region, button, cameFrom));
  }

  /** The button was pressed: show what waits, here and wherever nothing of the user's is lost by it. */
  #showAll(region, button, cameFrom) {
    const hadFocus = document.activeElement === button;
    const focus = hadFocus && rememberFocus(cameFrom, region);
    for (const [other, { fresh }] of this.#waiting) {
      if (other === region || !this.#attention.isBound(other)) this.#show(other, fresh);
    }
    if (focus) {
      focus.restore();
    } else if (hadFocus) {
      region.tabIndex = -1;
      region.focus({ preventScroll: true });
    }
  }

  #show(region, fresh) {
    this.#waiting.delete(region);
    this.#replace(region, fresh);
  }

  #replace(region, fresh) {
    removeNotice(region);
    const focus = rememberFocus(document.activeElement, region);
    region.replaceChildren(...fresh.childNodes);
    this.#changedAt.set(region, performance.now());
    focus?.restore();
  }

  /** The second click of a double click hits what was not there at the first one: that is not meant. */
  #onClick(event) {
    const region = event.target.closest?.("[data-region]");
    const hasChanged = region && this.#changedAt.get(region) > this.#clickedAt;
    if (event.detail > 1 && hasChanged) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (event.detail === 1) {
      this.#clickedAt = performance.now();
    }
  }
}

/** A region's markup without what differs although nothing has changed: CSRF tokens, open menus, the page's own notice. */
function markup(region) {
  let html = region.innerHTML;
  const notice = region.querySelector(NOTICE);
  if (notice) html = html.replace(notice.outerHTML, "");
  return html.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1").replace(/(<(?:details|dialog)[^>]*) open=""/g, "$1");
}
