// What this page has handled: each event once, by its id, in order, whichever connection brought it.
//
// Every connection delivers all events after the cursor that it was opened with, in order. So the largest id seen is all
// there is to remember: whatever is not above it has been handled, also while two connections overlap.

import { isCursor } from "../wire/frames.js";

export class Ledger {
  #cursor;
  #handle;
  #report;

  /**
   * @param {{cursor: number | null, handle: (frame: object) => void, report: (error: Error) => void}} options the id of
   *   the newest event that the page was rendered with (null: not known, the first that is told counts); what to do with
   *   a frame that is new; where errors of that go
   */
  constructor({ cursor, handle, report }) {
    this.#cursor = cursor;
    this.#handle = handle;
    this.#report = report;
  }

  /** The id of the newest event handled, or looked at and found to be for others. */
  get cursor() {
    return this.#cursor;
  }

  /** Whether events are missing before what begins after `after`. */
  misses(after) {
    return after !== null && this.#cursor !== null && after > this.#cursor;
  }

  /** Hand on what is new of these frames. States have no id: they are always new. */
  take(frames) {
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
        this.#handle(frame);
      } catch (error) {
        this.#report(error); // of the page's code; the frames after this one have a right to be handled
      }
    }
  }

  #advance(cursor) {
    if (this.#cursor !== null && cursor <= this.#cursor) return false;
    this.#cursor = cursor;
    return true;
  }
}
