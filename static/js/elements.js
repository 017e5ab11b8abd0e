// The parts of a page that an event updates at once, element by element. All other parts follow when the page's regions are
// refreshed.

/** The badge of the bell: hidden at 0. A frame without a count leaves it unchanged. */
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

/** Every row, card or header of a project: whichever of name, status, progress and costs the frame contains. */
export function showProject(id, { name, status, progress, barangay, spent, spentPercent }) {
  for (const element of document.querySelectorAll(`[data-project-id="${Number(id)}"]`)) {
    setText(element.querySelector(".project-name"), name);
    setText(element.querySelector(".project-barangay"), barangay);
    setText(element.querySelector(".project-spent"), spent);
    setText(element.querySelector(".project-spent-percent"), spentPercent === undefined ? undefined : percent(spentPercent));
    setText(element.querySelector(".progress-text"), progress === undefined ? undefined : percent(progress));
    const bar = element.querySelector(".progress-bar");
    if (bar && progress !== undefined) bar.setAttribute("value", progress);
    const badge = element.querySelector(".status-badge");
    if (badge && status !== undefined) {
      badge.dataset.status = status;
      badge.textContent = statusLabel(status);
    }
  }
}

/** "in_progress" is displayed as "In progress". */
function statusLabel(status) {
  const words = status.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** "45.5%": with two decimals at most; a dash if there is no share. */
function percent(value) {
  return value === null ? "—" : `${Number(value.toFixed(2))}%`;
}

function setText(element, value) {
  if (element && value !== undefined) element.textContent = String(value);
}
