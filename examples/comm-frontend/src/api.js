/** The endpoints that the page uses. Both sides of the service answer them, but for those of uploads. */

const PAGE = 50; // rows; a side that does not know pages sends all

/** A request that was refused. `fields` holds the texts of wrong fields, by field. */
export class Refusal extends Error {
  constructor(status, body) {
    const fields = status === 400 && body && typeof body === "object" ? body : {};
    const listed = Object.entries(fields).map(([name, texts]) => `${name}: ${[texts].flat().join(" ")}`);
    super(listed.join("\n") || body?.detail || body?.error || `The service answered ${status}.`);
    this.status = status;
    this.fields = fields;
  }
}

export class Api {
  constructor({ address, token }) {
    this.root = `${address.replace(/\/+$/, "")}/comm/api/`;
    this.token = token;
  }

  messages(box, user) {
    return this.#ask("GET", `messages/${box}/${user}/?page_limit=${PAGE}`);
  }

  message(id) {
    return this.#ask("GET", `messages/${id}/`);
  }

  send(message) {
    return this.#ask("POST", "messages/", message);
  }

  markRead(id) {
    return this.#ask("POST", `messages/${id}/mark_read/`);
  }

  notifications(user) {
    return this.#ask("GET", `notifications/by_user/${user}/?page_limit=${PAGE}`);
  }

  documents(owner) {
    return this.#ask("GET", `documents/by_owner/${owner}/?page_limit=${PAGE}`);
  }

  /** Uploads a file with what is known of it. Only the new side can. */
  upload(file, { owner, kind }) {
    const form = new FormData();
    form.set("file", file);
    form.set("owner_user_id", owner);
    if (kind) form.set("metadata", JSON.stringify({ kind }));
    return this.#ask("POST", "documents/upload/", form);
  }

  /** What is known of a document's content, with an address of it that works for an hour. */
  download(id) {
    return this.#ask("GET", `documents/${id}/download/`);
  }

  async #ask(method, path, body) {
    const headers = { Accept: "application/json" };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const isForm = body instanceof FormData;
    if (body !== undefined && !isForm) headers["Content-Type"] = "application/json";
    const sent = body === undefined || isForm ? body : JSON.stringify(body);
    const response = await fetch(this.root + path, { method, headers, body: sent, signal: AbortSignal.timeout(60_000) });
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new Refusal(response.status, answer);
    return answer;
  }
}
