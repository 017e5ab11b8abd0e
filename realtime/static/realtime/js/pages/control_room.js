// The control room brings itself up to date while somebody looks at it, and says honestly how old what it shows is.

import { Regions } from "./regions.js";

const EVERY = 5000; // milliseconds from one look to the next
const LATE = 20000; // milliseconds after which what is shown is no longer called fresh
const PATIENCE = 30000; // milliseconds for the checklist

const line = document.getElementById("freshness");
const text = document.getElementById("freshness-text");
const pause = document.getElementById("freshness-pause");
const regions = new Regions({ onGone: end, onFresh: fresh });
let shown = Date.now();
let paused = false;
let over = false;
let timer = null;

function fresh() {
  if (!paused) shown = Date.now();
  tell();
  lookLater();
}

// Each look is planned when the one before has been answered, so a slow server is not asked faster than it answers.
function lookLater() {
  clearTimeout(timer);
  if (!paused && !over) timer = setTimeout(() => regions.refreshSoon(0, 0), EVERY);
}

function end() {
  over = true;
  clearTimeout(timer);
  regions.stop();
  tell();
}

function tell() {
  const age = Math.round((Date.now() - shown) / 1000);
  const at = new Date(shown).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const held = document.querySelector("[data-region] details.confirm[open]") ? ", not where a form is open" : "";
  const state = over ? "over" : paused ? "paused" : age * 1000 > LATE ? "late" : "live";
  const words = {
    over: `No longer kept up to date; as of ${at}. Load the page again.`,
    paused: `Paused; as of ${at}`,
    late: `The server has not answered for ${age} s; as of ${at}`,
    live: `Updated ${age < 1 ? "just now" : `${age} s ago`}${held}`,
  };
  if (line.dataset.state !== state) line.dataset.state = state;
  if (text.textContent !== words[state]) text.textContent = words[state];
}

// What is paused stands still whoever would change it: without its name no region is found.
function setPaused(wanted) {
  paused = wanted;
  const [from, to] = paused ? ["region", "held"] : ["held", "region"];
  for (const region of document.querySelectorAll(`[data-${from}]`)) {
    region.dataset[to] = region.dataset[from];
    delete region.dataset[from];
  }
  pause.setAttribute("aria-pressed", String(paused));
  tell();
  if (paused) lookLater();
  else regions.refreshSoon(0, 0);
}

// The checklist is a page of its own; with scripts its answer comes here.
async function check(event) {
  event.preventDefault();
  const form = event.target;
  const result = document.getElementById("checklist-result");
  const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  const say = (words) => {
    const paragraph = document.createElement("p");
    paragraph.className = "empty";
    paragraph.textContent = words;
    result.replaceChildren(paragraph);
  };
  if (form.dataset.busy) return;
  form.dataset.busy = "true";
  say("Checking…");
  try {
    const answer = await fetch(address, {
      headers: { Accept: "text/html" },
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    const found = answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    const part = found?.querySelector("[data-part='checklist']");
    if (part) result.replaceChildren(part);
    else say("That did not work. Load the page again, then try once more.");
  } catch {
    say("The server did not answer in time. Try again in a moment.");
  } finally {
    delete form.dataset.busy;
  }
}

pause.hidden = false;
pause.addEventListener("click", () => setPaused(!paused));
document.querySelector("form[data-checklist]").addEventListener("submit", check);
// Who names a group or a person means it.
for (const [field, scope] of [["take-group", "group"], ["take-person", "user"]]) {
  document.getElementById(field).addEventListener("input", ({ target }) => {
    target.form.querySelector(`[name="scope"][value="${scope}"]`).checked = true;
  });
}
setInterval(tell, 1000);
tell();
lookLater();
