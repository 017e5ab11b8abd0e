// Asks before a page is left on which something was typed that is not saved yet: by a link, by going back, or by closing it.

const FORMS = "form[method=post]:not([data-notification-action])";

export class UnsavedForms {
  #initial = new Map(); // what each form contained when the page was made
  #submitted = null;

  constructor() {
    for (const form of document.querySelectorAll(FORMS)) this.#initial.set(form, contents(form));
    if (!this.#initial.size) return;
    document.addEventListener("submit", ({ target, defaultPrevented }) => {
      if (!defaultPrevented) this.#submitted = target;
    });
    // A page that the browser has kept for the way back is as it was left, but what was submitted is on its way.
    addEventListener("pageshow", () => {
      this.#submitted = null;
    });
    addEventListener("beforeunload", (event) => {
      if (this.#isUnsaved()) event.preventDefault();
    });
  }

  #isUnsaved() {
    return [...this.#initial].some(
      ([form, initial]) => form !== this.#submitted && form.isConnected && (isRefused(form) || contents(form) !== initial),
    );
  }
}

/** The server has not saved it: what it contains was typed on the page before. */
function isRefused(form) {
  return Boolean(form.closest("main")?.querySelector(".error-summary"));
}

function contents(form) {
  const values = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  return JSON.stringify(values.map(([name, value]) => [name, value instanceof File ? [value.name, value.size] : value]));
}
