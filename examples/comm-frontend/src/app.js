/** The page: connects, lists, sends, uploads, and shows what comes in. */

import { Api } from "./api.js";
import { Live } from "./live.js";

const KEPT = "comm-frontend"; // in sessionStorage: it ends with the tab
const STATES = { on: "Live", waiting: "Connecting…", off: "Not connected" };
const at = (id) => document.getElementById(id);

let api = null;
let live = null;
let user = "";
let box = "received";

/** An element with text in it, never markup. */
function element(name, text = "", properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...properties });
}

function time(text) {
  const shown = new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return element("time", shown, { dateTime: text });
}

function name(person, id) {
  return person ? `${person.first_name ?? ""} ${person.last_name ?? ""}`.trim() || id : id;
}

function show(problem) {
  at("problem").textContent = problem;
  at("problem").hidden = !problem;
}

/** Runs what the person asked for: one at a time, and what goes wrong is said. */
async function carryOut(button, work) {
  show("");
  if (button) button.disabled = true;
  try {
    return await work();
  } catch (error) {
    show(error.name === "TypeError" ? "The service cannot be reached." : error.message);
    return undefined;
  } finally {
    if (button) button.disabled = false;
  }
}

function item(id, title, ...parts) {
  const row = element("li");
  row.dataset.id = id;
  row.append(element("strong", title || "(no title)"), ...parts);
  return row;
}

function put(list, row, first) {
  list.querySelector(`[data-id="${CSS.escape(row.dataset.id)}"]`)?.remove();
  if (first) {
    row.classList.add("arrived");
    list.prepend(row);
  } else list.append(row);
}

function messageItem(message) {
  const sent = box === "sent";
  const who = sent ? name(message.receiver_data, message.receiver_id) : name(message.sender_data, message.sender_id);
  const row = item(message.id, message.subject, element("span", `${sent ? "to" : "from"} ${who}`, { className: "soft" }));
  if (message.body) row.append(element("p", message.body));
  row.append(time(message.created_at));
  if (!sent && !message.read_at) {
    row.classList.add("unread");
    const button = element("button", "Mark as read", { type: "button" });
    button.onclick = () =>
      carryOut(button, async () => {
        await api.markRead(message.id);
        row.classList.remove("unread");
        button.remove();
      });
    row.append(button);
  }
  return row;
}

function notificationItem(one) {
  const row = item(one.id, one.title);
  if (one.content) row.append(element("p", one.content));
  row.append(time(one.created_at));
  return row;
}

function documentItem(one) {
  const kilobytes = Math.max(1, Math.round((one.size_bytes ?? 0) / 1024));
  const row = item(one.id, one.filename ?? one.storage_path, element("span", `${kilobytes} KB`, { className: "soft" }));
  const button = element("button", "Download", { type: "button" });
  button.setAttribute("aria-label", `Download ${one.filename ?? "document"}`);
  button.onclick = () =>
    carryOut(button, async () => {
      const { download_url: address } = await api.download(one.id);
      if (!address) throw new Error("The storage does not answer just now.");
      location.assign(address);
    });
  row.append(button);
  return row;
}

async function listMessages() {
  const wanted = box;
  const rows = await api.messages(wanted, user);
  if (wanted === box) at("messages").replaceChildren(...rows.map(messageItem));
}

async function listAll() {
  const [notifications, documents] = await Promise.all([api.notifications(user), api.documents(user), listMessages()]);
  at("notifications").replaceChildren(...notifications.map(notificationItem));
  at("documents").replaceChildren(...documents.map(documentItem));
}

async function arrived(frame) {
  if (frame.type === "notification_created") put(at("notifications"), notificationItem(frame.data), true);
  if (frame.type === "message_created" && box === "received") {
    const message = await carryOut(null, () => api.message(frame.data.id)); // the frame has no text
    if (message && box === "received") put(at("messages"), messageItem(message), true);
  }
}

function state(now) {
  at("live").dataset.state = now;
  at("live").textContent = STATES[now];
}

async function enter(kept) {
  api = new Api(kept);
  user = kept.user.toLowerCase();
  await listAll();
  sessionStorage.setItem(KEPT, JSON.stringify(kept));
  at("enter").hidden = true;
  at("work").hidden = at("leave").hidden = false;
  live?.stop();
  const onReset = () => carryOut(null, listAll);
  live = new Live({ ...kept, user, onFrame: arrived, onState: state, onReset });
}

at("enter-form").onsubmit = (event) => {
  event.preventDefault();
  carryOut(event.submitter, () => enter(Object.fromEntries(new FormData(event.target))));
};

at("leave").onclick = () => {
  sessionStorage.removeItem(KEPT);
  live?.stop();
  location.reload();
};

at("send-form").onsubmit = (event) => {
  event.preventDefault();
  const form = event.target;
  carryOut(event.submitter, async () => {
    await api.send({ sender_id: user, ...Object.fromEntries(new FormData(form)) });
    form.reset();
    if (box === "sent") await listMessages();
  });
};

at("upload-form").onsubmit = (event) => {
  event.preventDefault();
  const form = event.target;
  carryOut(event.submitter, async () => {
    const made = await api.upload(form.elements.file.files[0], { owner: user, kind: form.elements.kind.value });
    form.reset();
    put(at("documents"), documentItem(made), true);
  });
};

for (const tab of document.querySelectorAll("[data-box]"))
  tab.onclick = () => {
    box = tab.dataset.box;
    for (const one of document.querySelectorAll("[data-box]")) one.setAttribute("aria-pressed", String(one === tab));
    carryOut(tab, listMessages);
  };

const kept = sessionStorage.getItem(KEPT);
if (kept) carryOut(null, () => enter(JSON.parse(kept)));
