// Says that a region has changed and waits, and offers to show it: a button over the region's upper edge, which moves nothing.

const NAME = "held-notice";

/** The parts of a region that the page itself has added. */
export const NOTICE = `:scope > .${NAME}`;

/**
 * Show the notice of a region, or change what it says.
 * @param {HTMLElement} region
 * @param {number} news how many rows are new; 0 if something else has changed
 * @param {(button: HTMLElement, cameFrom: Element | null) => void} onShow called when the button is pressed, also with what
 *   had the focus before it
 */
export function showNotice(region, news, onShow) {
  const text = news ? `${news.toLocaleString("en-US")} new: show` : "Changed: show";
  const shown = region.querySelector(NOTICE);
  if (shown) {
    if (shown.firstChild.textContent !== text) shown.firstChild.textContent = text;
    return;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.className = `${NAME}-button`;
  button.textContent = text;
  let cameFrom = null;
  button.addEventListener("focus", ({ relatedTarget }) => {
    cameFrom = relatedTarget;
  });
  button.addEventListener("click", () => onShow(button, cameFrom));
  const notice = document.createElement("div");
  notice.className = NAME;
  notice.append(button);
  region.prepend(notice);
  announce(`${labelOf(region)}${news ? `${news.toLocaleString("en-US")} new` : "changed"}. A button there shows it.`);
}

export function removeNotice(region) {
  region.querySelector(NOTICE)?.remove();
}

function labelOf(region) {
  const heading = region.closest("section, main")?.querySelector("h1, h2")?.textContent.trim();
  return heading ? `${heading}: ` : "";
}

/** Have screen readers say this when they have finished what they are saying. */
function announce(text) {
  let status = document.getElementById(`${NAME}-status`);
  if (!status) {
    status = document.createElement("p");
    status.id = `${NAME}-status`;
    status.className = "visually-hidden";
    status.setAttribute("role", "status");
    document.body.append(status);
  }
  // After the element itself: what a new live region already contains is not announced.
  setTimeout(() => {
    status.textContent = text;
  }, 100);
}
