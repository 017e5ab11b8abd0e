// The parts of a page that an event updates at once, element by element. All other parts follow when the page's regions are
// refreshed.

import { isSelected } from "../realtime/js/pages/attention.js";

/** The badge of the bell: hidden at 0, "99+" above 99. A frame without a count leaves it unchanged. */
export function showUnread(count) {
  const badge = document.getElementById("notification-count");
  if (!badge || !Number.isInteger(count)) return;
  setText(badge, count > 99 ? "99+" : count);
  badge.classList.toggle("hidden", count === 0);
  const exact = document.getElementById("notification-exact"); // for screen readers
  if (!exact) return;
  exact.dataset.count = count;
  setText(exact, grouped(count));
}

/** The dashboard's counters. */
export function showCounters({ total_projects: total, status_counts: counts }) {
  setText(document.getElementById("total-projects"), grouped(total));
  for (const [status, count] of Object.entries(counts ?? {})) setText(document.getElementById(`status-${status}`), grouped(count));
}

/**
 * Every row, card or header of a project: whichever of name, status, progress and costs the frame contains. Where a region
 * holds still, its names stay as well: a longer one takes more lines.
 */
export function showProject(id, { name, status, progress, barangay, spent, spentPercent }, holds = () => false) {
  for (const element of document.querySelectorAll(`[data-project-id="${Number(id)}"]`)) {
    const region = element.closest("[data-region]");
    if (!region || !holds(region)) {
      setText(element.querySelector(".project-name"), name);
      setText(element.querySelector(".project-barangay"), barangay);
    }
    setText(element.querySelector(".project-spent"), spent);
    setText(element.querySelector(".project-spent-percent"), spentPercent === undefined ? undefined : percent(spentPercent));
    setText(element.querySelector(".progress-text"), progress === undefined ? undefined : percent(progress));
    const bar = element.querySelector(".progress-bar");
    if (bar && progress !== undefined) bar.setAttribute("value", progress);
    const badge = element.querySelector(".status-badge");
    if (badge && status !== undefined && !isSelected(badge)) {
      badge.dataset.status = status;
      setText(badge, statusLabel(status));
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

/** "1,234" */
function grouped(number) {
  return number?.toLocaleString("en-US");
}

/** Not where the user has selected something: that would be lost. */
function setText(element, value) {
  if (!element || value === undefined || element.textContent === String(value) || isSelected(element)) return;
  element.textContent = String(value);
}
