import { useCallback, useEffect, useReducer, useRef } from "react";

import { chatAPI } from "../api/chatAPI.js";
import { chatReducer, initialState, threadOf } from "../state/chatReducer.js";
import { useSSE } from "./useSSE.js";

const TYPING_MS = 5_000;
const NOTICE_MS = 8_000;

/**
 * The chat of the person `me` (an id), with the conversation with `activeId` open.
 *
 * Returns the state (src/state/chatReducer.js), the status of the stream, and what one can do: openThread, loadEarlier,
 * send, retry, discard, dismissNotice.
 */
export function useChat(me, activeId) {
  const [state, dispatch] = useReducer(chatReducer, initialState);
  const timers = useRef({});
  const latest = useRef(state);
  useEffect(() => {
    latest.current = state;
  });

  const report = useCallback((fault) => {
    if (fault.name === "AbortError" || fault.status === 0) return; // the lost connection is shown already
    dispatch({ type: "notice", notice: { title: "That did not work", text: fault.message } });
  }, []);

  const loadConversations = useCallback(
    () => chatAPI.getConversations().then((list) => dispatch({ type: "conversations", list }), report),
    [report],
  );

  const loadNewest = useCallback(
    async (personId) => {
      const page = await chatAPI.getMessages(personId);
      dispatch({ type: "page", personId, page, newest: true });
      return page;
    },
    [],
  );

  const markRead = useCallback(
    (personId) =>
      chatAPI.markAsRead({ senderId: personId }).then(() => dispatch({ type: "readAll", personId }), report),
    [report],
  );

  const openThread = useCallback(
    async (personId) => {
      try {
        const page = await loadNewest(personId);
        if (page.messages.some((one) => one.sender === personId && !one.is_read)) await markRead(personId);
        else dispatch({ type: "readAll", personId });
      } catch (fault) {
        report(fault);
      }
    },
    [loadNewest, markRead, report],
  );

  const isWatching = useCallback(
    (personId) => personId === activeId && document.visibilityState === "visible",
    [activeId],
  );

  const onFrame = ({ event, data }) => {
    switch (event) {
      case "connected":
        // What was missed comes as events; after a long break only the server knows.
        loadConversations();
        chatAPI.getOnlineUsers().then((ids) => dispatch({ type: "online", ids }), report);
        if (activeId && isWatching(activeId)) openThread(activeId);
        else if (activeId) loadNewest(activeId).catch(report);
        break;
      case "message": {
        const personId = data.sender === me ? data.receiver : data.sender;
        dispatch({ type: "received", data, me });
        if (!latest.current.conversations.some((one) => one.other_user.id === personId)) loadConversations();
        if (data.sender !== me && isWatching(personId)) markRead(personId);
        break;
      }
      case "message_edited":
        dispatch({ type: "edited", data });
        break;
      case "message_deleted":
        dispatch({ type: "deleted", messageId: data.message_id });
        loadConversations();
        break;
      case "typing":
        typing(data.sender_id, data.is_typing);
        break;
      case "read_receipt":
        dispatch({ type: "read", messageId: data.message_id, readAt: data.read_at });
        if (data.reader_id === me) countUnread(); // in another tab
        break;
      case "delivery_receipt":
        dispatch({ type: "delivered", messageId: data.message_id, deliveredAt: data.delivered_at });
        break;
      case "presence":
        dispatch({ type: "presence", personId: data.user_id, isOnline: data.is_online });
        break;
      case "notification":
        dispatch({ type: "notice", notice: { title: data.title, text: data.message } });
        break;
      default: // heartbeat, disconnected: the stream itself looks after those
    }
  };
  const status = useSSE(onFrame, me !== undefined);

  const typing = (personId, isTyping) => {
    clearTimeout(timers.current[personId]);
    dispatch({ type: "typing", personId, since: isTyping ? Date.now() : null });
    if (isTyping) {
      timers.current[personId] = setTimeout(() => dispatch({ type: "typing", personId, since: null }), TYPING_MS);
    }
  };

  const countUnread = () => {
    clearTimeout(timers.current.unread); // a receipt for each message comes at once
    timers.current.unread = setTimeout(async () => {
      try {
        const { conversations } = await chatAPI.getUnreadCount();
        const counts = Object.fromEntries(conversations.map((one) => [one.conversation_id, one.unread_count]));
        dispatch({ type: "unread", counts });
      } catch (fault) {
        report(fault);
      }
    }, 200);
  };

  useEffect(() => {
    const pending = timers.current;
    return () => Object.values(pending).forEach(clearTimeout);
  }, []);

  useEffect(() => {
    if (!state.notice) return undefined;
    const timer = setTimeout(() => dispatch({ type: "notice", notice: null }), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [state.notice]);

  useEffect(() => {
    const seen = () => {
      const open = latest.current.conversations.find((one) => one.other_user.id === activeId);
      if (document.visibilityState === "visible" && open?.unread_count) markRead(activeId);
    };
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [activeId, markRead]);

  const loadEarlier = useCallback(
    async (personId) => {
      const oldest = threadOf(latest.current, personId).messages.find((one) => one.id);
      try {
        const page = await chatAPI.getMessages(personId, { beforeId: oldest?.id });
        dispatch({ type: "page", personId, page, newest: false });
      } catch (fault) {
        report(fault);
      }
    },
    [report],
  );

  const deliver = useCallback(
    async (personId, draft) => {
      const { clientId, message: text, file } = draft;
      dispatch({ type: "sending", personId, message: { ...draft, state: "sending", reason: undefined } });
      try {
        const message = await chatAPI.sendMessage({ receiverId: personId, text, file, clientId });
        dispatch({ type: "sent", personId, clientId, message, me });
        if (!latest.current.conversations.some((one) => one.other_user.id === personId)) loadConversations();
      } catch (fault) {
        dispatch({ type: "failed", personId, clientId, reason: fault.message });
      }
    },
    [me, loadConversations],
  );

  const send = useCallback(
    (personId, text, file) =>
      deliver(personId, {
        clientId: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`,
        sender: me,
        receiver: personId,
        message: text,
        file,
        timestamp: new Date().toISOString(),
      }),
    [deliver, me],
  );

  const discard = useCallback((personId, clientId) => dispatch({ type: "discarded", personId, clientId }), []);
  const dismissNotice = useCallback(() => dispatch({ type: "notice", notice: null }), []);

  return { state, status, openThread, loadEarlier, send, retry: deliver, discard, dismissNotice };
}
