// "Is this page live for you?" at the foot of the page: with scripts it is answered without leaving the page.

const form = document.querySelector("form.word");
const answerLine = form?.querySelector(".word-answer");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (form.dataset.busy) return; // a double click is one click
  form.dataset.busy = "true";
  const body = new FormData(form, event.submitter);
  body.set("transport", globalThis.realtimeManager?.getStatus?.()?.transport ?? "");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
    const said = isJson ? await answer.json() : {};
    answerLine.textContent = said.message ?? said.error ?? "That did not work. Load the page again, then try once more.";
    if (said.success) taken();
  } catch {
    answerLine.textContent = "The server cannot be reached. That says something, too; try again in a moment.";
  } finally {
    delete form.dataset.busy;
  }
});

function taken() {
  const more = form.querySelector("details");
  const within = more.contains(document.activeElement);
  form.querySelector("textarea").value = "";
  more.open = false;
  if (within) more.querySelector("summary").focus();
}
