// Submits the feedback form at the foot of the page ("Is this page live for you?") without leaving the page. Without
// scripts it is an ordinary form.

const form = document.querySelector("form.word");
const messageLine = form?.querySelector(".word-answer");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (form.dataset.busy) return; // ignore a double click
  form.dataset.busy = "true";
  const body = new FormData(form, event.submitter);
  body.set("transport", globalThis.realtimeManager?.getStatus?.()?.transport ?? "");
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    const result = isJson ? await response.json() : {};
    messageLine.textContent =
      result.message ?? result.error ?? "That did not work. Load the page again, then try once more.";
    if (result.success) resetForm();
  } catch {
    messageLine.textContent = "The server cannot be reached. That says something, too; try again in a moment.";
  } finally {
    delete form.dataset.busy;
  }
});

function resetForm() {
  const details = form.querySelector("details");
  const hadFocus = details.contains(document.activeElement);
  form.querySelector("textarea").value = "";
  details.open = false;
  if (hadFocus) details.querySelector("summary").focus();
}
