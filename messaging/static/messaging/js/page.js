// The page of messages: the list beside the conversation that is open. On a phone one of them at a time.

import { createApp } from "./app.js";
import { ConversationList } from "./conversation_list.js";
import { ConversationWindow } from "./conversation_window.js";
import { EncryptionDialog } from "./encryption_dialog.js";
import { GroupPeople } from "./group_people.js";
import { Listing } from "./listing.js";
import { announcement } from "./message_view.js";
import { NewConversation } from "./new_conversation.js";
import { PrivacyDialog } from "./privacy_dialog.js";

const root = document.getElementById("messages");
const windowRoot = root.querySelector(".conversation-window");
const nothing = root.querySelector(".nothing-open");
let list = null;
let opened = null;

const app = createApp(root, {
  isReading: (id) => Boolean(opened?.isReading(id)),
  onOutbox: (key) => opened?.key === key && opened.update(),
  onTyping: (id) => {
    if (opened?.conversationId === id) opened.update();
    list?.render();
  },
  onSent: async (item, message) => {
    const id = message.conversation_id;
    if (!app.store.conversation(id)) await app.loadConversation(id).catch(() => {}); // the window says what is wrong
    if (item.conversationId) return;
    app.outbox.rename(item.key, `c${id}`, id);
    if (opened.key === item.key) {
      opened.becameReal(item.key, id);
      show(id, { replace: true });
    }
  },
  onReset: async () => {
    const isListRead = await listing.load({ isReset: true });
    return (await opened.reload()) && isListRead;
  },
});
Object.assign(app, {
  onBack: () => (history.state?.fromList ? history.back() : go(null)),
  openId: () => opened.conversationId,
  showPeople: (conversation) => groupPeople.open(conversation),
  showEncryption: (conversation) => encryptionDialog.open(conversation),
  async leave(id) {
    try {
      await app.api.post(`conversations/${id}/leave/`);
      app.store.removeConversation(id);
      go(null);
    } catch (error) {
      app.say(error.message);
    }
  },
});
opened = new ConversationWindow(windowRoot, app);
const listing = new Listing(root, app, () => list.render());
list = new ConversationList(root, app, {
  shown: () => listing.shown,
  current: () => opened.conversationId,
  hasMore: () => listing.hasMore,
  emptyText: () => listing.emptyText,
  onOpen: (id) => go({ id }),
  onMore: () => listing.loadMore(),
});
const groupPeople = new GroupPeople(root.querySelector(".group-dialog"), app);
const encryptionDialog = new EncryptionDialog(root.querySelector(".encryption-dialog"), app);
const privacyDialog = new PrivacyDialog(root.querySelector(".privacy-dialog"), app, () => opened.reload());
const newConversation = new NewConversation(root.querySelector(".new-dialog"), app, {
  onDirect: (person) => openDirect(person),
  onCreated: (conversation) => {
    app.store.putConversations([conversation]);
    go({ id: conversation.id });
  },
});

for (const button of root.querySelectorAll(".new-conversation")) button.addEventListener("click", () => newConversation.open());
root.querySelector(".privacy-open").addEventListener("click", () => privacyDialog.open());
addEventListener("popstate", () => openAddress());
root.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || root.querySelector("dialog[open]")) return;
  if (event.target.closest(".conversation-window")) list.focusFirst();
});
const { store } = app;
let isDue = false;
store.addEventListener("conversation", ({ detail: { id } }) => refresh(id));
store.addEventListener("person", () => refresh(opened.conversationId));
store.addEventListener("thread", ({ detail: { id } }) => {
  if (id === opened.conversationId) opened.update();
});
store.addEventListener("arrived", async ({ detail: { id, message } }) => {
  if (id !== opened.conversationId) return;
  opened.update({ isNew: true });
  app.speak(announcement(await app.encryption.read(message)));
});
app.encryption.addEventListener("change", () => refresh(opened.conversationId));
Promise.all([listing.load(), app.encryption.loaded]).then(() => openAddress());

/** Everything that events of one moment have changed is shown at once. */
function refresh(id) {
  if (id !== null && id === opened.conversationId) {
    if (store.conversation(id)) opened.refresh(id);
    else if (root.dataset.pane === "window") gone();
  }
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    list.render();
    opened.update();
  });
}

/** Somebody has taken this person out of the conversation that is open, or it is no longer theirs to see. */
function gone() {
  go(null);
  app.say("This conversation is no longer yours to see.");
}

/** Go to a conversation, a person or (null) the list: this is a step of the browser's history. */
function go(target) {
  const address = target?.id ? `${app.pageUrl}${target.id}/` : app.pageUrl;
  history.pushState({ fromList: !opened.conversationId }, "", address);
  openAddress();
}

async function openDirect(person) {
  try {
    const { conversation } = await app.api.get(`people/${person.id}/`);
    if (conversation) {
      app.store.putConversations([conversation]);
      go({ id: conversation.id });
      return;
    }
  } catch (error) {
    app.say(error.message);
    return;
  }
  app.store.putPerson(person);
  history.pushState({ fromList: true }, "", `${app.pageUrl}?person=${encodeURIComponent(person.id)}`);
  showReceiver(person);
}

/** Open what the address names. */
async function openAddress() {
  const id = Number(location.pathname.slice(app.pageUrl.length).replace("/", "")) || null;
  const person = new URLSearchParams(location.search).get("person");
  if (id) show(id);
  else if (person) await openPerson(person);
  else showNothing();
}

async function openPerson(id) {
  const answer = await app.api.get(`people/${encodeURIComponent(id)}/`).catch((error) => app.say(error.message));
  if (answer?.conversation) {
    app.store.putConversations([answer.conversation]);
    show(answer.conversation.id, { replace: true });
  } else if (answer) showReceiver(answer.person);
  else showNothing();
}

/** A conversation that begins with its first message. */
function showReceiver(person) {
  delete windowRoot.dataset.openConversation;
  showPane(true);
  opened.open({ receiver: person });
  list.render();
}

function show(id, { replace = false } = {}) {
  if (replace) history.replaceState(history.state, "", `${app.pageUrl}${id}/`);
  showPane(true);
  windowRoot.dataset.openConversation = id;
  document.dispatchEvent(new CustomEvent("newsread", { detail: { project_url: `${app.pageUrl}${id}/` } }));
  if (opened.conversationId !== id) opened.open({ id });
  list.render();
}

function showNothing() {
  delete windowRoot.dataset.openConversation;
  opened.close();
  showPane(false);
  list.render();
}

function showPane(isWindow) {
  root.dataset.pane = isWindow ? "window" : "list";
  nothing.hidden = isWindow;
}
