// Shows the values of the column that the pointer is at below its chart. Without scripts the browser's own tooltip has
// them, and for keyboard and screen reader each chart has a table.

/** @param {Element} root the element that contains the charts, whose content may be replaced at any time */
export function showReadouts(root) {
  root.addEventListener("pointerover", ({ target }) => show(target));
  root.addEventListener("pointerdown", ({ target }) => show(target));
  root.addEventListener("pointerout", ({ target, relatedTarget }) => {
    if (target.matches?.(".hit") && !relatedTarget?.matches?.(".hit")) clear(target.closest(".chart"));
  });
}

function show(target) {
  if (!target.matches?.(".hit")) return;
  readout(target.closest(".chart")).textContent = target.querySelector("title").textContent;
}

function clear(chart) {
  if (chart) readout(chart).textContent = "";
}

function readout(chart) {
  return chart.querySelector(".readout");
}
