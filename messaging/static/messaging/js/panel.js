// The conversation about what a page shows, on that page itself. It is loaded when it is opened.

import { createApp } from "./app.js";
import { ConversationWindow } from "./conversation_window.js";
import { announcement } from "./message_view.js";

const root = document.querySelector(".conversation-panel");
const problem = root?.querySelector(".panel-problem");
let opened = null;
let app = null;

root?.addEventListener("toggle", () => {
  if (root.open) begin();
  else opened?.close();
});

async function begin() {
  app ??= start();
  try {
    const conversation = await app.api.get(`about/${encodeURIComponent(root.dataset.key)}/`);
    app.store.putConversations([conversation]);
    problem.textContent = "";
    root.querySelector(".conversation-window").dataset.openConversation = conversation.id;
    await opened.open({ id: conversation.id });
  } catch (error) {
    problem.textContent = error.message;
  }
}

function start() {
  const made = createApp(root, {
    isReading: (id) => Boolean(opened?.isReading(id)),
    onOutbox: (key) => opened?.key === key && opened.update(),
    onTyping: (id) => opened?.conversationId === id && opened.update(),
    onSent: () => {},
    onReset: async () => opened?.reload() ?? true,
  });
  opened = new ConversationWindow(root.querySelector(".conversation-window"), made);
  made.store.addEventListener("conversation", ({ detail: { id } }) => {
    if (id !== opened.conversationId) return;
    if (made.store.conversation(id)) opened.refresh(id);
    else leave();
  });
  made.store.addEventListener("thread", ({ detail: { id } }) => id === opened.conversationId && opened.update());
  made.store.addEventListener("arrived", ({ detail: { id, message } }) => {
    if (id !== opened.conversationId) return;
    opened.update({ isNew: true });
    made.speak(announcement(message));
  });
  return made;
}

/** It is no longer this person's to see. */
function leave() {
  opened.close();
  problem.textContent = "This conversation is no longer yours to see.";
}
