// What the parts of a page with messages share: the store with the page's one connection, the outbox, drafts, dates.

import { Announcer } from "./announcer.js";
import { createApi } from "./api.js";
import { confirmWith } from "./confirm.js";
import { csrfToken } from "./csrf.js";
import { officeDates } from "./dates.js";
import { DeviceStore } from "./device_store.js";
import { Encryption } from "./encryption.js";
import { Kept } from "./kept.js";
import { Outbox } from "./outbox.js";
import { Store } from "./store.js";
import { Typists } from "./typing.js";

const ASKED_AT_ONCE = 100; // people whose presence is asked for after an interruption
const FIRST_WAIT = 2000; // milliseconds until what could not be read anew after a reset is asked for again
const LONGEST_WAIT = 60_000; // milliseconds

/**
 * @param {HTMLElement} root with the attributes of templates/messaging/attributes.html
 * @param {{isReading: (id: number) => boolean, onOutbox: (key: string) => void, onTyping: (id: number) => void,
 *   onSent: (item: object, message: object) => void, onReset: () => Promise<boolean>}} hooks of the page. `onReset` reads
 *   anew what is shown, and resolves to whether that worked
 */
export function createApp(root, { isReading, onOutbox, onTyping, onSent, onReset }) {
  const { api: url, page: pageUrl, me, maxBytes } = root.dataset;
  const api = createApi({ url, token: csrfToken, me });
  const kept = new Kept(me);
  const store = new Store({ me, isReading });
  const typists = new Typists(onTyping);
  const announcer = new Announcer(root);
  const outbox = new Outbox({
    kept,
    send: async (item) => api.post("messages/", {
      conversation: item.conversationId, receiver: item.receiverId, parent: item.parentId,
      attachments: item.attachments.map(({ id }) => id), client_id: item.clientId,
      is_encrypted: Boolean(item.isEncrypted), text: item.isEncrypted ? await sealed(item) : item.text,
    }),
    onChange: onOutbox,
    onSent: (item, message) => {
      store.putMessage(message);
      onSent(item, message);
    },
  });

  const encryption = new Encryption({ api, me, store: new DeviceStore(me) });

  async function sealed({ conversationId: id, text }) {
    const { other } = store.conversation(id) ?? (await api.get(`conversations/${id}/`));
    return encryption.seal(text, { id, other });
  }

  async function loadConversation(id) {
    try {
      store.putConversations([await api.get(`conversations/${id}/`)]);
    } catch (error) {
      if (error.status === 404 || error.status === 403) store.removeConversation(id);
      throw error;
    }
  }

  store.addEventListener("outdated", ({ detail: { id } }) => {
    loadConversation(id).catch(() => {}); // gone, or read again with the next event
  });
  connect({ store, typists, outbox, kept, encryption, api, me, onReset });
  return {
    api, store, outbox, encryption, kept, typists, me, pageUrl, loadConversation, maxBytes: Number(maxBytes),
    dates: officeDates(document.documentElement.dataset.timeZone),
    say: (text) => announcer.say(text),
    speak: (text) => announcer.speak(text),
    confirm: confirmWith(root.querySelector(".confirm-dialog")),
    async changeConversation(id, changes, done) {
      try {
        store.putConversations([await api.patch(`conversations/${id}/`, changes)]);
        if (done) announcer.say(done);
      } catch (error) {
        announcer.say(error.message);
      }
    },
  };
}

function connect({ store, typists, outbox, kept, encryption, api, me, onReset }) {
  const manager = globalThis.realtimeManager;
  let wasLive = true;
  manager.connectMessages((frame) => {
    if (frame.type === "typing") {
      if (String(frame.person_id) !== String(me)) typists.heard(frame);
      return;
    }
    if (frame.type === "message_created") {
      typists.forget(frame.conversation_id, frame.message.sender_id);
      if (String(frame.message.sender_id) === String(me)) outbox.arrived(frame.message.client_id);
    }
    store.apply(frame);
  });
  manager.onReset(untilDone(onReset));
  manager.onState((state) => {
    if (state === "live" && !wasLive) {
      outbox.flush();
      refreshPresence(store, api);
    }
    wasLive = state === "live";
  });
  addEventListener("online", () => outbox.flush());
  // Another tab has sent what waits here, too, or has taken it back.
  addEventListener("storage", ({ key, newValue }) => {
    const clientId = newValue === null ? kept.waitingId(key) : null;
    if (clientId !== null) outbox.arrived(clientId);
    encryption.onStorage(key);
  });
  outbox.flush(); // what the last page could not send
}

/** Does something again, ever later, until it says that it is done. A new call begins anew. */
function untilDone(action) {
  let timer = null;
  let calls = 0;
  const run = async (call, wait) => {
    if ((await action()) || call !== calls) return;
    timer = setTimeout(() => run(call, Math.min(2 * wait, LONGEST_WAIT)), wait);
  };
  return () => {
    clearTimeout(timer);
    calls += 1;
    run(calls, FIRST_WAIT);
  };
}

/** Who is there is never repeated, so what was said during an interruption is asked for. */
async function refreshPresence(store, api) {
  const ids = store.conversations.map(({ other }) => other?.id).filter((id) => id !== undefined).slice(0, ASKED_AT_ONCE);
  if (!ids.length) return;
  const { people } = await api.get("presence/", { ids: ids.join(",") }).catch(() => ({ people: [] })); // the next event says it
  for (const person of people) store.putPerson(person);
}
