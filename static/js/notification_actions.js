// The forms of the notification page: it works without scripts; with them, its buttons do not reload it.

import { Cause } from "../realtime/js/pages/regions.js";

const FAILED = "That did not work. Load the page again, then try once more.";

export class NotificationActions {
  #regions;
  #toasts;
  #onUnread;

  /**
   * @param {{regions: import("../realtime/js/pages/regions.js").Regions, toasts: import("./toasts/toasts.js").Toasts,
   *   onUnread: (count: number) => void}} options
   */
  constructor({ regions, toasts, onUnread }) {
    this.#regions = regions;
    this.#toasts = toasts;
    this.#onUnread = onUnread;
    document.addEventListener("submit", (event) => this.#onSubmit(event));
  }

  /** Restore what was deleted. */
  async undo(addresses) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "");
    for (const address of addresses) {
      const result = await this.#post(address, body);
      if (!result.success) this.#toasts.tell(result.error);
    }
    this.#regions.refreshOwn(Cause.OWN);
  }

  async #onSubmit(event) {
    const form = event.target.closest("form[data-notification-action]");
    if (!form) return;
    event.preventDefault();
    if (form.dataset.busy) return; // ignore a double click
    form.dataset.busy = "true";
    const body = new FormData(form, event.submitter);
    form.closest("details")?.removeAttribute("open");
    const result = await this.#post(location.href, body);
    if (!result.success) this.#toasts.tell(result.error);
    else if (result.undo) this.#toasts.tell("Deleted", { undo: result.undo });
    delete form.dataset.busy;
    this.#regions.refreshOwn(body.has("notification_id") ? Cause.OWN_ROW : Cause.OWN);
  }

  async #post(url, body) {
    try {
      const response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
      const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
      const result = isJson ? await response.json() : { success: false };
      if (result.success) this.#onUnread(result.unread_count);
      return { error: FAILED, ...result };
    } catch {
      return { success: false, error: "The server cannot be reached. Try again in a moment." };
    }
  }
}
