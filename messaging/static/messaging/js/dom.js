// Makes elements. Text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name of the element
 * @param {object} [properties] `class`, `text`, `data` (an object) and `on` (listeners by type) are special; names with a
 *   dash, and role, are attributes; null and undefined are left out; all others are properties of the element
 * @param {...(Node | string | null)} children null is left out
 * @returns {HTMLElement}
 */
export function element(name, { class: className, text, data = {}, on = {}, ...properties } = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  for (const [key, value] of Object.entries(data)) if (value !== null && value !== undefined) made.dataset[key] = value;
  for (const [type, listener] of Object.entries(on)) made.addEventListener(type, listener);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (key.includes("-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A sign of the sprite in templates/messaging/icons.html. It is hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A button with a sign and a name for screen readers, which is also its tooltip. */
export function iconButton(sign, label, listener, properties = {}) {
  return element(
    "button",
    { type: "button", class: "icon-button", title: label, "aria-label": label, on: { click: listener }, ...properties },
    icon(sign),
  );
}

/** Whether the last input came from a finger: then the focus is not put into a field, which would open the keyboard. */
export function isTouch() {
  return matchMedia("(hover: none) and (pointer: coarse)").matches;
}
