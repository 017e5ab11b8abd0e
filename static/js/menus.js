// Closes <details> that serve as menus on Escape and on a click outside of them, as users expect of menus.

const OPEN_MENUS = "details.account[open], details.confirm[open], details.connection-more[open]";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(OPEN_MENUS)) {
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary").focus();
  }
});

document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll(OPEN_MENUS)) if (!menu.contains(target)) menu.open = false;
});
