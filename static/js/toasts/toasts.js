// The toasts of a page: news, one after the other, and beside them what became of what the user has just done. They are where
// they cover nothing that is in use; if there is no such place, they wait for one.

import { Card } from "./card.js";
import { betterFree, findPlace, overlaps, placesInUse, visibleArea } from "./place.js";

const NEWS_DURATION = 5000; // milliseconds
const OWN_DURATION = 10000; // milliseconds
const PAUSE = 400; // milliseconds between two toasts: who aims at one does not hit the next
const ONE_BY_ONE = 3; // of more that wait, only the newest is shown
const RETRY = 500; // milliseconds until a place is looked for again

export class Toasts {
  #area = document.getElementById("toast-area");
  #link = document.getElementById("toast-link");
  #more = document.getElementById("toast-more");
  #undoButton = document.getElementById("toast-undo");
  #news = this.#card("toast-notification", "toast-message", "toast-close", () => this.#newsGone());
  #own = this.#card("toast-own", "toast-own-message", "toast-own-close", () => this.#ownGone());
  #inboxUrl;
  #undo;
  #waiting = [];
  #shown = null; // of the news
  #ownNotice = null; // {message, undo}
  #pointer = null;
  #timer = null;
  #goneAt = -Infinity; // of the last toast

  /**
   * @param {{inboxUrl: string, undo: (addresses: string[]) => void}} options `undo` is called with what was offered to be
   *   undone, when the user wants that
   */
  constructor({ inboxUrl, undo }) {
    this.#inboxUrl = inboxUrl;
    this.#undo = undo;
    if (!this.#area) return;
    this.#undoButton.addEventListener("click", () => {
      const addresses = this.#ownNotice?.undo ?? [];
      this.#own.hide();
      this.#undo(addresses);
    });
    const passive = { capture: true, passive: true };
    document.addEventListener("pointermove", ({ pointerType, clientX: x, clientY: y }) => {
      this.#pointer = pointerType === "touch" ? null : { x, y };
    }, passive);
    document.documentElement.addEventListener("pointerleave", () => {
      this.#pointer = null;
    });
    for (const type of ["focusin", "scrollend", "selectionchange", "toggle"]) {
      document.addEventListener(type, () => this.#moveAway(), passive);
    }
    for (const target of [window, visualViewport]) target?.addEventListener("resize", () => this.#moveAway());
  }

  /** Show a notification: `{message, url, projectId}`; without a `url` it leads to the inbox. */
  add(notice) {
    if (!this.#area) return;
    this.#waiting.push(notice);
    this.#showMore();
    if (!this.#shown) this.#later(Math.max(this.#goneAt + PAUSE - performance.now(), 0));
  }

  /** Show at once what became of what the user has done. `undo` is the address that undoes it. */
  tell(message, { undo } = {}) {
    if (!this.#area) return;
    const undone = undo ? [...(this.#ownNotice?.undo ?? []), undo] : [];
    this.#ownNotice = { message: undone.length > 1 ? `${message} (${undone.length})` : message, undo: undone };
    this.#next();
  }

  /** What these notices lead to is being looked at: they say nothing new any longer. */
  drop(url) {
    this.#waiting = this.#waiting.filter((notice) => notice.url !== url);
    if (this.#shown?.url === url) this.#news.hide();
    else if (this.#area) this.#showMore();
  }

  /** This project can no longer be opened: what leads to it leads to the inbox from now on. */
  forget(projectId) {
    for (const notice of [...this.#waiting, this.#shown]) {
      if (notice?.projectId === projectId) notice.url = null;
    }
    if (this.#shown) this.#link.href = this.#shown.url ?? this.#inboxUrl;
  }

  #card(box, message, close, onGone) {
    const [boxElement, messageElement, closeElement] = [box, message, close].map((id) => document.getElementById(id));
    return boxElement ? new Card({ box: boxElement, message: messageElement, close: closeElement }, onGone) : null;
  }

  #newsGone() {
    this.#shown = null;
    this.#goneAt = performance.now();
    this.#own.leave();
    this.#later(PAUSE);
  }

  #ownGone() {
    this.#ownNotice = null;
    if (this.#news.isShown) this.#own.vacate();
    this.#later(PAUSE);
  }

  #later(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#next(), delay);
  }

  /** Show what waits, if there is a place for it. */
  #next() {
    if (this.#waiting.length > ONE_BY_ONE && !this.#shown) {
      const skipped = this.#waiting.splice(0, this.#waiting.length - 1).length;
      this.#waiting[0] = { ...this.#waiting[0], skipped };
    }
    const news = this.#shown ?? this.#waiting[0] ?? null;
    if (!news && !this.#ownNotice) return;
    const mustWait = document.hidden || this.#news.isInUse || this.#own.isInUse;
    const place = mustWait ? null : this.#place(news?.message, this.#ownNotice?.message);
    if (!place) {
      this.#later(RETRY);
      return;
    }
    this.#putAt(place);
    if (this.#ownNotice && !this.#ownNotice.isShown) {
      this.#ownNotice.isShown = true;
      this.#undoButton.hidden = !this.#ownNotice.undo.length;
      this.#own.show(this.#ownNotice.message, OWN_DURATION);
    }
    if (!this.#shown && news) {
      this.#shown = this.#waiting.shift();
      this.#link.href = news.url ?? this.#inboxUrl;
      this.#news.show(news.message, NEWS_DURATION);
      this.#showMore();
    }
  }

  #showMore() {
    const [skipped, number] = [this.#shown?.skipped ?? 0, this.#waiting.length];
    const parts = [skipped && `${skipped} others are in the inbox`, number && `${number} more`].filter(Boolean);
    this.#more.hidden = !parts.length;
    this.#more.textContent = parts.join(" · ");
    this.#moveAway(); // it may have become higher
  }

  /** By its lower edge: the lowest toast stays where it is when another one comes or goes. */
  #putAt({ left, top, height }) {
    this.#area.style.left = `${left}px`;
    this.#area.style.bottom = `${innerHeight - top - height}px`;
  }

  /** The place for the toasts with these messages. Measured on a copy, so that nothing is announced that is not shown. */
  #place(news, own) {
    const copy = this.#area.cloneNode(true);
    for (const [id, text] of [["toast-notification", news], ["toast-own", own]]) {
      const card = copy.querySelector(`#${id}`);
      card.classList.remove("vacant");
      card.classList.toggle("hidden", text === undefined);
      card.querySelector("p").textContent = text ?? "";
    }
    copy.querySelector("#toast-undo").hidden = !this.#ownNotice?.undo.length;
    for (const element of [copy, ...copy.querySelectorAll("[id]")]) element.removeAttribute("id");
    for (const name of ["role", "aria-live", "style"]) copy.removeAttribute(name);
    copy.inert = true;
    copy.classList.add("measured");
    document.body.append(copy);
    const { width, height } = copy.getBoundingClientRect();
    copy.remove();
    const inUse = placesInUse(this.#pointer);
    const find = (taken) => findPlace({ width, height }, visibleArea(), taken);
    const place = find([...inUse, ...betterFree()]) ?? find(inUse);
    return place && { ...place, height };
  }

  /** Something else is in use now: do not stay over it. */
  #moveAway() {
    if (!this.#news.isShown && !this.#own.isShown) return;
    if (this.#news.isInUse || this.#own.isInUse) return;
    const box = this.#area.getBoundingClientRect();
    const view = visibleArea();
    const isOutside = box.left < view.left || box.right > view.right || box.top < view.top || box.bottom > view.bottom;
    if (!isOutside && !placesInUse(null).some((other) => overlaps(box, other))) return;
    const place = this.#place(this.#shown?.message, this.#ownNotice?.message);
    if (place) {
      this.#putAt(place);
      return;
    }
    // Nowhere: until there is a place again.
    if (this.#shown) this.#waiting.unshift(this.#shown);
    const own = this.#ownNotice;
    this.#news.hide();
    this.#own.hide();
    this.#ownNotice = own && { ...own, isShown: false };
    this.#later(RETRY);
  }
}
