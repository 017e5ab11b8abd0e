// Asks before something that cannot be undone.

/**
 * @param {HTMLDialogElement} dialog
 * @returns {(title: string, text: string, action: string) => Promise<boolean>}
 */
export function confirmWith(dialog) {
  const [title, text, action] = ["h2", ".confirm-text", ".confirm-action"].map((selector) => dialog.querySelector(selector));
  dialog.querySelector(".confirm-cancel").addEventListener("click", () => dialog.close(""));
  return (titleText, explanation, actionText) => {
    title.textContent = titleText;
    text.textContent = explanation;
    action.textContent = actionText;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  };
}
