// Passes each event on once, by its id and in order, whichever connection delivered it.
//
// Every connection delivers all events after its initial cursor, in order. So the largest id is all that must be remembered:
// any event that is not above it has been handled, also while two connections overlap.

import { isCursor } from "../wire/frames.js";

export class Deduplicator {
  #cursor;
  #onFrame;
  #onError;

  /**
   * @param {{cursor: number | null, onFrame: (frame: object) => void, onError: (error: Error) => void}} options `cursor`:
   *   the id of the newest event that the page was rendered with (null: unknown, start with the first one that arrives)
   */
  constructor({ cursor, onFrame, onError }) {
    this.#cursor = cursor;
    this.#onFrame = onFrame;
    this.#onError = onError;
  }

  /** The id of the newest event that was handled, or was skipped by the server because it is for other users. */
  get cursor() {
    return this.#cursor;
  }

  /** Whether events are missing before frames that start after this cursor. */
  hasGapBefore(after) {
    return after !== null && this.#cursor !== null && after > this.#cursor;
  }

  /** Pass on the new ones of these frames. States have no id: they are always new. */
  process(frames) {
    for (const frame of frames) {
      if (frame.type === "reset") {
        this.#cursor = frame.cursor ?? null;
      } else if (frame.type === "cursor") {
        this.#advance(frame.cursor);
        continue;
      } else if (isCursor(frame.id) && !this.#advance(frame.id)) {
        continue;
      }
      try {
        this.#onFrame(frame);
      } catch (error) {
        this.#onError(error); // an error of the page's code must not affect the frames that follow
      }
    }
  }

  #advance(cursor) {
    if (this.#cursor !== null && cursor <= this.#cursor) return false;
    this.#cursor = cursor;
    return true;
  }
}
