// The rows of a region: list items and table rows that stand for something with an id.

const ROWS = "li, tr";

/** The attribute that identifies the row (data-project-id, data-notification-id and so on), or undefined. */
export function idAttribute(row) {
  return [...row.attributes].find(({ name }) => name.startsWith("data-"));
}

/** @returns {Element[]} every row, also those without an id */
export function rowsOf(region) {
  return [...region.querySelectorAll(ROWS)];
}

/** The row of a region that contains this element, or null. */
export function rowOf(element) {
  return element.closest(ROWS);
}

/** @returns {Map<string, Element>} the rows that have an id, by it */
function identified(region) {
  const rows = rowsOf(region).filter(idAttribute);
  return new Map(rows.map((row) => [key(row), row]));
}

function key(row) {
  const { name, value } = idAttribute(row);
  return `${name}=${value}`;
}

/** How many rows of `fresh` are not in `region`. */
export function countNew(region, fresh) {
  const shown = identified(region);
  return [...identified(fresh).keys()].filter((id) => !shown.has(id)).length;
}

/**
 * A copy of `fresh` without its new rows, and with the others in the order in which they are shown: what the user has just
 * done can be seen in it, and nothing has moved but what went.
 */
export function withoutNew(region, fresh) {
  const copy = fresh.cloneNode(true);
  const shown = identified(region);
  if (!shown.size) return copy;
  const order = [...shown.keys()];
  const kept = identified(copy);
  for (const [id, row] of kept) if (!shown.has(id)) row.remove();
  for (const id of order) {
    const row = kept.get(id);
    row?.parentElement.append(row);
  }
  return copy;
}
