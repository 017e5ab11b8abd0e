// Keeps the keyboard focus when the content of a region is replaced.

import { idAttribute, rowOf, rowsOf } from "./rows.js";

const CONTROLS = "a[href], button, summary";

/**
 * Remember which control of a region has the focus, so that it can be found again after the region's content is replaced.
 * @param {Element | null} element the element with the focus
 * @param {HTMLElement} region
 * @returns {{restore: () => void} | null} null when the focus is elsewhere
 */
export function rememberFocus(element, region) {
  if (!element || element === region || !region.contains(element)) return null;
  const row = rowOf(element);
  const rowSelector = row && selectorOfRow(row);
  const control = selectorOfControl(element);
  const index = row ? rowsOf(region).indexOf(row) : -1;
  return {
    restore() {
      const rows = rowsOf(region);
      const sameRow = rowSelector && region.querySelector(rowSelector);
      const rowInPlace = rows[Math.min(index, rows.length - 1)];
      // The same control; or another one of its row; or, if the row is gone, the same control of the row in its place.
      const target = row
        ? (sameRow && (find(sameRow, control) ?? find(sameRow, CONTROLS))) ||
          find(rowSelector ? rowInPlace : region, control) ||
          find(rowInPlace, CONTROLS)
        : find(region, control);
      if (target) {
        target.focus({ preventScroll: true });
      } else {
        region.tabIndex = -1;
        region.focus({ preventScroll: true });
      }
    },
  };
}

function find(element, selector) {
  return element?.querySelector(selector) ?? null;
}

function selectorOfRow(row) {
  const id = idAttribute(row);
  return id ? `[${id.name}="${CSS.escape(id.value)}"]` : null;
}

/** Identifies the control within its row or region. */
function selectorOfControl(element) {
  const href = element.getAttribute("href");
  if (href) return `a[href="${CSS.escape(href)}"]`;
  if (element.value) return `${element.localName}[value="${CSS.escape(element.value)}"]`;
  return element.localName;
}
