// Keeps the control room up to date while it is visible, and shows how old its data is.

import { showReadouts } from "./chart_readout.js";
import { officeTime } from "./clock.js";
import { Regions } from "./regions.js";

const REFRESH_INTERVAL = 5000; // milliseconds
const LATE_AFTER = 20000; // milliseconds after which the data is no longer called fresh
const CHECKLIST_TIMEOUT = 30000; // milliseconds

const freshness = document.getElementById("freshness");
const freshnessText = document.getElementById("freshness-text");
const pauseButton = document.getElementById("freshness-pause");
const regions = new Regions({ onUnavailable: stop, onRefresh: refreshed });
let refreshedAt = Date.now();
let paused = false;
let stopped = false;
let timer = null;

function refreshed() {
  if (!paused) refreshedAt = Date.now();
  showFreshness();
  scheduleRefresh();
}

// Each refresh is scheduled after the response to the one before, so a slow server is not asked faster than it responds.
function scheduleRefresh() {
  clearTimeout(timer);
  if (!paused && !stopped) timer = setTimeout(() => regions.refreshSoon(0, 0), REFRESH_INTERVAL);
}

function stop() {
  stopped = true;
  clearTimeout(timer);
  regions.stop();
  showFreshness();
}

function showFreshness() {
  const age = Math.round((Date.now() - refreshedAt) / 1000);
  const at = officeTime(refreshedAt, { seconds: true });
  const except = document.querySelector("[data-region] details.confirm[open]") ? ", not where a form is open" : "";
  const texts = {
    over: `No longer kept up to date; as of ${at}. Load the page again.`,
    paused: `Paused; as of ${at}`,
    late: `The server has not answered for ${age} s; as of ${at}`,
    live: `Updated ${age < 1 ? "just now" : `${age} s ago`}${except}`,
  };
  const state = freshnessState(age);
  if (freshness.dataset.state !== state) freshness.dataset.state = state;
  if (freshnessText.textContent !== texts[state]) freshnessText.textContent = texts[state];
}

function freshnessState(age) {
  if (stopped) return "over";
  if (paused) return "paused";
  return age * 1000 > LATE_AFTER ? "late" : "live";
}

// While paused, regions lose their name, so that no refresh finds and replaces them.
function setPaused(value) {
  paused = value;
  const [from, to] = paused ? ["region", "held"] : ["held", "region"];
  for (const region of document.querySelectorAll(`[data-${from}]`)) {
    region.dataset[to] = region.dataset[from];
    delete region.dataset[from];
  }
  pauseButton.setAttribute("aria-pressed", String(paused));
  showFreshness();
  if (paused) scheduleRefresh();
  else regions.refreshSoon(0, 0);
}

// The checklist is a page of its own; with scripts its content is shown here.
async function showChecklist(event) {
  event.preventDefault();
  const form = event.target;
  const result = document.getElementById("checklist-result");
  const url = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  const showMessage = (message) => {
    const paragraph = document.createElement("p");
    paragraph.className = "empty";
    paragraph.textContent = message;
    result.replaceChildren(paragraph);
  };
  if (form.dataset.busy) return; // ignore a double click
  form.dataset.busy = "true";
  showMessage("Checking…");
  try {
    const response = await fetch(url, {
      headers: { Accept: "text/html" },
      redirect: "manual",
      signal: AbortSignal.timeout(CHECKLIST_TIMEOUT),
    });
    const fresh = response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
    const checklist = fresh?.querySelector("[data-part='checklist']");
    if (checklist) result.replaceChildren(checklist);
    else showMessage("That did not work. Load the page again, then try once more.");
  } catch {
    showMessage("The server did not answer in time. Try again in a moment.");
  } finally {
    delete form.dataset.busy;
  }
}

showReadouts(document.querySelector(".ops"));
pauseButton.hidden = false;
pauseButton.addEventListener("click", () => setPaused(!paused));
document.querySelector("form[data-checklist]").addEventListener("submit", showChecklist);
// Typing a group or a person selects that scope.
for (const [field, scope] of [["take-group", "group"], ["take-person", "user"]]) {
  document.getElementById(field).addEventListener("input", ({ target }) => {
    target.form.querySelector(`[name="scope"][value="${scope}"]`).checked = true;
  });
}
setInterval(showFreshness, 1000);
showFreshness();
scheduleRefresh();
