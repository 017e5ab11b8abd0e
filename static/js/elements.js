// What an event changes on a page at once, element by element. Everything else follows with the page's regions.

/** The bell's badge: hidden at 0. A frame without a count leaves it alone. */
export function showUnread(count) {
  const badge = document.getElementById("notification-count");
  if (!badge || !Number.isInteger(count)) return;
  badge.textContent = String(count);
  badge.classList.toggle("hidden", count === 0);
}

/** The dashboard's counters. */
export function showCounters({ total_projects: total, status_counts: counts }) {
  setText(document.getElementById("total-projects"), total);
  for (const [status, count] of Object.entries(counts ?? {})) setText(document.getElementById(`status-${status}`), count);
}

/** Every row, card or header of a project: what of name, status, progress and costs a frame tells. */
export function showProject(id, { name, status, progress, barangay, spent, spentPercent }) {
  for (const place of document.querySelectorAll(`[data-project-id="${Number(id)}"]`)) {
    setText(place.querySelector(".project-name"), name);
    setText(place.querySelector(".project-barangay"), barangay);
    setText(place.querySelector(".project-spent"), spent);
    setText(place.querySelector(".project-spent-percent"), spentPercent === undefined ? undefined : percent(spentPercent));
    setText(place.querySelector(".progress-text"), progress === undefined ? undefined : percent(progress));
    const bar = place.querySelector(".progress-bar");
    if (bar && progress !== undefined) bar.setAttribute("value", progress);
    const badge = place.querySelector(".status-badge");
    if (badge && status !== undefined) {
      badge.dataset.status = status;
      badge.textContent = statusLabel(status);
    }
  }
}

/** "in_progress" is written "In progress". */
export function statusLabel(status) {
  const words = status.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** "45.5%": as many decimals as it needs, two at most; a dash where there is no share. */
export function percent(value) {
  return value === null ? "—" : `${Number(value.toFixed(2))}%`;
}

function setText(element, value) {
  if (element && value !== undefined) element.textContent = String(value);
}
