// Where toasts may be: in a corner of what can be seen of the page, or elsewhere, but never over what is in use there.

const MARGIN = 12; // pixels between toasts and the edges
const GAP = 6; // pixels around what must not be covered
const STEP = 12; // pixels between two places that are tried
const POINTER = 24; // pixels around the pointer

const BUTTONS =
  "main form button, main form [type=submit], main .form-actions a, main summary.button, footer button, .held-notice-button";
const OPENED = "main details[open] > :not(summary), .site-header details[open] > :not(summary), dialog[open]";
const BETTER_FREE = "main form .field, .site-header a, .site-header summary, .panel > .panel-head a";
const TYPED_IN = "input, select, textarea, [contenteditable]";

/**
 * The best place for a box of this size: one of the corners, else any.
 * @param {{width: number, height: number}} size
 * @param {{left: number, top: number, right: number, bottom: number}} view what can be seen of the page
 * @param {{left: number, top: number, right: number, bottom: number}[]} taken what must not be covered
 * @returns {{left: number, top: number} | null} null if there is none
 */
export function findPlace({ width, height }, view, taken) {
  const [left, top] = [view.left + MARGIN, view.top + MARGIN];
  const [right, bottom] = [view.right - MARGIN - width, view.bottom - MARGIN - height];
  if (bottom < top) return null;
  const columns = [...new Set([right, left, (left + right) / 2].map((at) => Math.max(at, view.left)))];
  const rows = [bottom, top];
  for (let at = bottom - STEP; at > top; at -= STEP) rows.push(at);
  for (const at of rows) {
    for (const column of columns) {
      const box = { left: column, top: at, right: column + width, bottom: at + height };
      if (!taken.some((other) => overlaps(box, other))) return { left: column, top: at };
    }
  }
  return null;
}

export function overlaps(box, other) {
  return (
    box.left < other.right + GAP && other.left - GAP < box.right && box.top < other.bottom + GAP && other.top - GAP < box.bottom
  );
}

/** What can be seen of the page: less than the window, while a phone shows its keyboard. */
export function visibleArea() {
  const { offsetLeft: left, offsetTop: top, width, height } = visualViewport ?? {
    offsetLeft: 0, offsetTop: 0, width: document.documentElement.clientWidth, height: innerHeight,
  };
  return { left, top, right: left + Math.min(width, document.documentElement.clientWidth), bottom: top + height };
}

/**
 * What must not be covered: the field or control with the focus, buttons of forms, open menus, a selection, the pointer.
 * @param {{x: number, y: number} | null} pointer where it is, if there is one
 */
export function placesInUse(pointer) {
  const boxes = visibleBoxes(`${BUTTONS}, ${OPENED}`);
  const active = document.activeElement;
  if (active?.matches(`${TYPED_IN}, :focus-visible`) && !active.closest(".toast-area") && !active.matches("main, body")) {
    boxes.push(active.getBoundingClientRect());
    for (const label of active.labels ?? []) boxes.push(label.getBoundingClientRect());
  }
  const selection = document.getSelection();
  if (selection?.rangeCount && !selection.isCollapsed) boxes.push(selection.getRangeAt(0).getBoundingClientRect());
  if (pointer) {
    const { x, y } = pointer;
    boxes.push({ left: x - POINTER, top: y - POINTER, right: x + POINTER, bottom: y + POINTER });
  }
  return boxes;
}

/** What is better not covered: all fields of forms, and what leads to other pages. */
export function betterFree() {
  return visibleBoxes(BETTER_FREE);
}

function visibleBoxes(selector) {
  const boxes = [...document.querySelectorAll(selector)].map((element) => element.getBoundingClientRect());
  return boxes.filter(({ width, height, top, bottom }) => width && height && bottom > 0 && top < innerHeight);
}
