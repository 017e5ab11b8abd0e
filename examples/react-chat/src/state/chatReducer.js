/**
 * The state of the chat, and what each thing that happens makes of it.
 *
 * Conversations and messages are kept by the id of the other person. Messages are in the order of their ids; those that
 * are still being sent have none, and stand at the end.
 */

export const initialState = {
  conversations: [], // as the API has them, the newest first
  loaded: false,
  threads: {}, // by person: {messages, hasMore, loaded}
  online: new Set(),
  typing: {}, // by person: when it began
  notice: null,
};

const EMPTY = { messages: [], hasMore: false, loaded: false };

export const threadOf = (state, personId) => state.threads[personId] ?? EMPTY;

export function chatReducer(state, action) {
  return HANDLERS[action.type]?.(state, action) ?? state;
}

const HANDLERS = {
  conversations(state, { list }) {
    const online = new Set(state.online);
    for (const { other_user: other } of list) {
      if (other.is_online) online.add(other.id);
      else online.delete(other.id);
    }
    return { ...state, conversations: list, loaded: true, online };
  },

  online: (state, { ids }) => ({ ...state, online: new Set(ids) }),

  /** A page of history. `newest`: it is the newest page, and what is known beyond it stays. */
  page(state, { personId, page, newest }) {
    const thread = threadOf(state, personId);
    return withThread(state, personId, {
      messages: merged(thread.messages, page.messages),
      hasMore: newest && thread.loaded ? thread.hasMore : page.has_more,
      loaded: true,
    });
  },

  sending(state, { personId, message }) {
    const thread = threadOf(state, personId);
    const others = thread.messages.filter((one) => one.clientId !== message.clientId);
    return withThread(state, personId, { ...thread, messages: [...others, message] });
  },

  sent(state, { personId, clientId, message, me }) {
    const thread = threadOf(state, personId);
    const others = thread.messages.filter((one) => one.clientId !== clientId || one.id === message.id);
    const next = withThread(state, personId, { ...thread, messages: merged(others, [{ ...message, clientId }]) });
    return withPreview(next, personId, message, me);
  },

  failed(state, { personId, clientId, reason }) {
    const thread = threadOf(state, personId);
    return withThread(state, personId, {
      ...thread,
      messages: thread.messages.map((one) => (one.clientId === clientId ? { ...one, state: "failed", reason } : one)),
    });
  },

  discarded(state, { personId, clientId }) {
    const thread = threadOf(state, personId);
    const messages = thread.messages.filter((one) => one.clientId !== clientId);
    return withThread(state, personId, { ...thread, messages });
  },

  /** A frame `message`. Our own also come from our other tabs; one that we are just sending takes that one's place. */
  received(state, { data, me }) {
    const personId = data.sender === me ? data.receiver : data.sender;
    const thread = threadOf(state, personId);
    if (thread.messages.some((one) => one.id === data.id)) return state;
    const waiting =
      data.sender === me
        ? thread.messages.find((one) => one.state === "sending" && one.message === data.message && !one.file === !data.attachment)
        : undefined;
    const others = thread.messages.filter((one) => one !== waiting);
    const message = waiting ? { ...data, clientId: waiting.clientId } : data;
    const { [personId]: _, ...typing } = state.typing;
    const next = withThread({ ...state, typing }, personId, { ...thread, messages: merged(others, [message]) });
    return withPreview(next, personId, data, me);
  },

  edited: (state, { data }) => withMessage(state, data.id, () => data),

  deleted(state, { messageId }) {
    return mapThreads(state, (messages) => messages.filter((one) => one.id !== messageId));
  },

  read: (state, { messageId, readAt }) =>
    withMessage(state, messageId, (one) => ({ is_read: true, read_at: readAt, delivered_at: one.delivered_at ?? readAt })),

  delivered: (state, { messageId, deliveredAt }) => withMessage(state, messageId, () => ({ delivered_at: deliveredAt })),

  /** All that this person wrote was read by us. */
  readAll(state, { personId }) {
    return {
      ...state,
      conversations: state.conversations.map((one) => (one.other_user.id === personId ? { ...one, unread_count: 0 } : one)),
    };
  },

  unread(state, { counts }) {
    return {
      ...state,
      conversations: state.conversations.map((one) => ({ ...one, unread_count: counts[one.conversation_id] ?? 0 })),
    };
  },

  typing(state, { personId, since }) {
    const { [personId]: before, ...others } = state.typing;
    if (since === null) return before === undefined ? state : { ...state, typing: others };
    return { ...state, typing: { ...others, [personId]: since } };
  },

  presence(state, { personId, isOnline }) {
    const online = new Set(state.online);
    if (isOnline) online.add(personId);
    else online.delete(personId);
    return { ...state, online };
  },

  notice: (state, { notice }) => ({ ...state, notice }),
  reset: () => initialState,
};

/** Both lists by id, each message once (the newer knowledge of it), the unsent ones at the end. */
function merged(known, added) {
  const byId = new Map();
  for (const one of [...known, ...added]) if (one.id) byId.set(one.id, { ...byId.get(one.id), ...one });
  const inOrder = [...byId.values()].sort((one, other) => one.id - other.id);
  return [...inOrder, ...known.filter((one) => !one.id)];
}

function withThread(state, personId, thread) {
  return { ...state, threads: { ...state.threads, [personId]: thread } };
}

function mapThreads(state, change) {
  const threads = Object.fromEntries(
    Object.entries(state.threads).map(([personId, thread]) => [personId, { ...thread, messages: change(thread.messages) }]),
  );
  return { ...state, threads };
}

function withMessage(state, messageId, change) {
  return mapThreads(state, (messages) =>
    messages.map((one) => (one.id === messageId ? { ...one, ...change(one) } : one)),
  );
}

/** The list with this message as the newest of its conversation. An unknown conversation is loaded by who calls. */
function withPreview(state, personId, message, me) {
  const at = state.conversations.findIndex((one) => one.other_user.id === personId);
  if (at < 0) return state;
  const known = state.conversations[at];
  if (known.last_message_at && known.last_message_at > message.timestamp) return state;
  const isOwn = message.sender === me;
  const changed = {
    ...known,
    last_message: message.message || "[Attachment]",
    last_message_at: message.timestamp,
    last_message_by_me: isOwn,
    unread_count: known.unread_count + (isOwn || message.is_read ? 0 : 1),
  };
  return { ...state, conversations: [changed, ...state.conversations.filter((_, index) => index !== at)] };
}
