// Whoever works with the keyboard must not lose their place when what they are at is replaced.

const CONTROLS = "a[href], button, summary";
const ROWS = "li, tr";

/**
 * Where the focus is within a region, in a way that outlasts the region's content.
 * @param {Element | null} element what has the focus
 * @param {HTMLElement} region
 * @returns {{focus: () => void} | null} goes back there; null when the focus is elsewhere
 */
export function placeOf(element, region) {
  if (!element || element === region || !region.contains(element)) return null;
  const row = element.closest(ROWS);
  const key = row && keyOf(row);
  const control = nameOf(element);
  const index = row ? rowsOf(region).indexOf(row) : -1;
  return {
    focus() {
      const rows = rowsOf(region);
      const same = key && region.querySelector(key);
      // The same control; or another one of its row; or, when the row is gone, the same one of the row in its place.
      const target = row
        ? (same && (find(same, control) ?? find(same, CONTROLS))) ||
          find(key ? rows[Math.min(index, rows.length - 1)] : region, control) ||
          find(rows[Math.min(index, rows.length - 1)], CONTROLS)
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

function rowsOf(region) {
  return [...region.querySelectorAll(ROWS)];
}

function find(place, selector) {
  return place?.querySelector(selector) ?? null;
}

/** A selector of the row, by what it says it is about (data-project-id, data-notification-id and so on). */
function keyOf(row) {
  const about = [...row.attributes].find(({ name }) => name.startsWith("data-"));
  return about ? `[${about.name}="${CSS.escape(about.value)}"]` : null;
}

/** A selector of the control within its row or region. */
function nameOf(element) {
  const href = element.getAttribute("href");
  if (href) return `a[href="${CSS.escape(href)}"]`;
  if (element.value) return `${element.localName}[value="${CSS.escape(element.value)}"]`;
  return element.localName;
}
