/**
 * What is new, over WebSocket, and over Server-Sent Events where no WebSocket opens.
 *
 * Both bring the same frames with the same ids. After a break it comes back by itself, with the id of the last event, and
 * gets what it has missed. It also does so when the browser shows a page again that it had kept.
 */

const FIRST_WAIT = 500; // milliseconds; then twice as long each time
const LONGEST_WAIT = 30_000;
const SILENT_OPENING = 10_000;
const TRIES = 3; // of a WebSocket that never opened, before Server-Sent Events are used
const SIGNED_OUT = 4401; // the token has ended: there is no use in coming back with it

export class Live {
  #options;
  #socket = null;
  #stream = null;
  #timer = null;
  #cursor = "";
  #failures = 0;
  #opened = false; // a WebSocket has opened at least once
  #stopped = false;

  /**
   * `onFrame(frame)` gets each event. `onState(state)` gets "on", "waiting" or "off". `onReset()`: events are lost that the
   * service does not keep any more, so everything is to be read again.
   */
  constructor({ address, user, token, onFrame, onState, onReset }) {
    this.#options = { address: address.replace(/\/+$/, ""), user, token, onFrame, onState, onReset };
    addEventListener("pagehide", this.#hidden);
    addEventListener("pageshow", this.#shown);
    this.#open();
  }

  stop() {
    this.#stopped = true;
    removeEventListener("pagehide", this.#hidden);
    removeEventListener("pageshow", this.#shown);
    this.#close();
    this.#options.onState("off");
  }

  #hidden = () => this.#close();

  #shown = (event) => {
    if (event.persisted && !this.#stopped) this.#open();
  };

  #close() {
    clearTimeout(this.#timer);
    const [socket, stream] = [this.#socket, this.#stream];
    this.#socket = this.#stream = null;
    socket?.close();
    stream?.close();
  }

  #open() {
    this.#close();
    this.#options.onState("waiting");
    if (!this.#opened && this.#failures >= TRIES) this.#openStream();
    else this.#openSocket();
  }

  #query() {
    // An empty id asks for ids in the frames: `event_id`.
    const query = new URLSearchParams({ last_event_id: this.#cursor });
    if (this.#options.token) query.set("token", this.#options.token);
    return query;
  }

  #openSocket() {
    const { address, user } = this.#options;
    const socket = new WebSocket(`${address.replace(/^http/, "ws")}/ws/notifications/${user}/?${this.#query()}`);
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.close(), SILENT_OPENING);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#opened = true;
    };
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#broke(event.code);
    };
  }

  #openStream() {
    const { address, user } = this.#options;
    const stream = new EventSource(`${address}/comm/events/${user}/?${this.#query()}`);
    this.#stream = stream;
    const take = (event) => this.#take({ ...JSON.parse(event.data), event_id: event.lastEventId });
    for (const name of ["connection_established", "message_created", "notification_created", "reset"])
      stream.addEventListener(name, take);
    stream.onerror = () => {
      if (stream === this.#stream) this.#broke();
    };
  }

  #take(frame) {
    if (frame.event_id) this.#cursor = String(frame.event_id);
    if (frame.type === "connection_established") {
      this.#failures = 0;
      this.#options.onState("on");
    } else if (frame.type === "reset") {
      this.#cursor = "";
      this.#options.onReset();
    } else if (frame.data) this.#options.onFrame(frame);
  }

  #broke(code) {
    this.#close();
    if (this.#stopped) return;
    if (code === SIGNED_OUT) {
      this.stop();
      return;
    }
    this.#options.onState("waiting");
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures++);
    this.#timer = setTimeout(() => this.#open(), wait * (0.5 + Math.random() / 2));
  }
}
