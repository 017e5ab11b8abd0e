// Server-Sent Events from bytes, however the network cut them: in the middle of a character, of a line end, of a block.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

const MOST = 4_000_000; // characters that one block may have, as many as a message of a socket

export class SseParser {
  #decoder = new TextDecoder();
  #most;
  #rest = ""; // the line that has not ended yet
  #returned = false; // whether the last character was \r: a \n after it belongs to the same line end
  #block = {};
  #size = 0; // characters of the present block so far

  /** @param {{most?: number}} [options] how many characters one block may have before that is an error */
  constructor({ most = MOST } = {}) {
    this.#most = most;
  }

  /**
   * Take the next bytes.
   * @param {Uint8Array} bytes
   * @returns {{id?: string, data?: string, retry?: number}[]} the blocks that end within them; comments are left out
   * @throws {RangeError} for a block that is too large: nothing sane sends it, and nothing more is to be read
   */
  push(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (!text) return [];
    const split = this.#returned && text[0] === "\n";
    this.#returned = text.endsWith("\r");
    if (split) text = text.slice(1);
    const lines = text.split(/\r\n|\n|\r/);
    const blocks = [];
    for (let index = 0; index < lines.length - 1; index += 1) {
      const line = this.#rest + lines[index];
      this.#rest = "";
      this.#measure(line.length);
      if (line) this.#field(line);
      else this.#end(blocks);
    }
    this.#rest += lines.at(-1);
    if (this.#size + this.#rest.length > this.#most) this.#measure(this.#rest.length);
    return blocks;
  }

  #measure(more) {
    this.#size += more;
    if (this.#size > this.#most) throw new RangeError(`A block of more than ${this.#most} characters.`);
  }

  #field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") this.#block.data = this.#block.data === undefined ? value : `${this.#block.data}\n${value}`;
    else if (name === "id" && !value.includes("\0")) this.#block.id = value;
    else if (name === "retry" && /^\d{1,9}$/.test(value)) this.#block.retry = Number(value);
  }

  #end(blocks) {
    if (Object.keys(this.#block).length) blocks.push(this.#block);
    this.#block = {};
    this.#size = 0;
  }
}
