// An incremental parser for Server-Sent Events. The network may cut the stream anywhere, even in a character or a line end.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

const MAX_BLOCK_SIZE = 4_000_000; // characters in one block, the same as in one WebSocket message

export class SseParser {
  #decoder = new TextDecoder();
  #maxBlockSize;
  #partialLine = "";
  #afterCarriageReturn = false; // the last character was \r: a \n after it belongs to the same line end
  #block = {};
  #blockSize = 0; // characters so far

  /** @param {{maxBlockSize?: number}} [options] characters in one block; a larger one is an error */
  constructor({ maxBlockSize = MAX_BLOCK_SIZE } = {}) {
    this.#maxBlockSize = maxBlockSize;
  }

  /**
   * Parse the next bytes.
   * @param {Uint8Array} bytes
   * @returns {{id?: string, data?: string, retry?: number}[]} the blocks that end within them, without comments
   * @throws {RangeError} for a block that is too large; the stream cannot be read any further
   */
  push(bytes) {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (!text) return [];
    const completesLineEnd = this.#afterCarriageReturn && text[0] === "\n";
    this.#afterCarriageReturn = text.endsWith("\r");
    if (completesLineEnd) text = text.slice(1);
    const lines = text.split(/\r\n|\n|\r/);
    const blocks = [];
    for (let index = 0; index < lines.length - 1; index += 1) {
      const line = this.#partialLine + lines[index];
      this.#partialLine = "";
      this.#countCharacters(line.length);
      if (line) this.#parseField(line);
      else this.#endBlock(blocks);
    }
    this.#partialLine += lines.at(-1);
    if (this.#blockSize + this.#partialLine.length > this.#maxBlockSize) this.#countCharacters(this.#partialLine.length);
    return blocks;
  }

  #countCharacters(count) {
    this.#blockSize += count;
    if (this.#blockSize > this.#maxBlockSize) throw new RangeError(`A block of more than ${this.#maxBlockSize} characters.`);
  }

  #parseField(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") this.#block.data = this.#block.data === undefined ? value : `${this.#block.data}\n${value}`;
    else if (name === "id" && !value.includes("\0")) this.#block.id = value;
    else if (name === "retry" && /^\d{1,9}$/.test(value)) this.#block.retry = Number(value);
  }

  #endBlock(blocks) {
    if (Object.keys(this.#block).length) blocks.push(this.#block);
    this.#block = {};
    this.#blockSize = 0;
  }
}
