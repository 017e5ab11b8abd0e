// Says how the connection is: in a word for everybody, in a sentence for who asks. Screen readers hear of what lasts, not
// of every hiccup, and not that all is well with each page they open.

const HICCUP = 1_500; // milliseconds without a connection that nobody need be told of
const WORDS = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
  "signed-out": "Signed out",
  "other-user": "Signed in as somebody else",
};
const TRANSPORTS = { websocket: "WebSocket", sse: "SSE", poll: "polling" };
const SENTENCES = {
  connecting: "Connecting to the server. Until then the page is as it was when it was loaded.",
  reconnecting: "The connection was lost, and is tried again by itself. Nothing that happens meanwhile is missed.",
  offline: "This device has no network. The page catches up by itself when it has one again.",
  "signed-out": "This page is not kept up to date any longer.",
  "other-user": "This page is not kept up to date any longer.",
};

export class Indicator {
  #said = document.getElementById("connection");
  #transport = document.getElementById("connection-transport");
  #more = document.getElementById("connection-more");
  #sentence = document.getElementById("connection-about");
  #timer = null;

  /**
   * @param {string} state as of LiveManager.onState
   * @param {{transport: string | null, since: number, leader: boolean}} status
   * @param {Node} [link] in place of the word: what there is to do
   */
  show(state, status, link) {
    if (!this.#said) return;
    this.#said.dataset.state = state;
    this.#transport.textContent = state === "live" ? (TRANSPORTS[status.transport] ?? "") : "";
    this.#sentence.textContent = sentence(state, status);
    this.#more.hidden = Boolean(link);
    clearTimeout(this.#timer);
    // What has the word already is left alone: the same word again would be read out again.
    const say = () => {
      if (link) this.#said.replaceChildren(link);
      else if (this.#said.textContent !== WORDS[state]) this.#said.textContent = WORDS[state];
    };
    if (state === "reconnecting") this.#timer = setTimeout(say, HICCUP);
    else say();
    // From the first state on that is worth a word: that a page begins to live is not.
    if (state !== "connecting" && this.#said.getAttribute("aria-live") === "off") {
      if (state === "live") setTimeout(() => this.#said.removeAttribute("aria-live"), HICCUP);
      else this.#said.removeAttribute("aria-live");
    }
  }
}

function sentence(state, { transport, since, leader }) {
  if (state !== "live") return SENTENCES[state];
  const how = { websocket: "at once, by WebSocket", sse: "at once, by Server-Sent Events", poll: "every few seconds, by polling" };
  const time = new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const tab = leader ? "" : " Another tab holds the connection for this one.";
  return `Changes appear ${how[transport] ?? "at once"}, since ${time}.${tab}`;
}
