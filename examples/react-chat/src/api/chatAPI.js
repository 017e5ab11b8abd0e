/** The endpoints of the chat, one function each. */

import { request } from "./http.js";

const CHATS = "/api/v1/communication/chats";

export const chatAPI = {
  /** All conversations, the newest message first. */
  getConversations: (signal) => request("GET", `${CHATS}/conversations/`, { signal }),

  /** A page of messages with a person, the newest first: {conversation_id, messages, other_user, has_more}. */
  getMessages: (userId, { limit = 50, beforeId, signal } = {}) =>
    request("GET", `${CHATS}/conversation/${encodeURIComponent(userId)}/`, {
      query: { limit, before_id: beforeId },
      signal,
    }),

  /** Send a text, a file, or both. The same `clientId` again is the same message, so a retry never doubles it. */
  sendMessage({ receiverId, text = "", file, clientId }) {
    if (!file) {
      return request("POST", `${CHATS}/`, { body: { receiver_id: receiverId, message: text, client_id: clientId } });
    }
    const form = new FormData();
    form.set("receiver_id", receiverId);
    form.set("message", text);
    form.set("client_id", clientId);
    form.set("attachment", file);
    return request("POST", `${CHATS}/`, { body: form });
  },

  /** Mark as read: {messageIds}, {conversationId} or {senderId}. */
  markAsRead: ({ messageIds, conversationId, senderId }) =>
    request("POST", `${CHATS}/mark-read/`, {
      body: { message_ids: messageIds, conversation_id: conversationId, sender_id: senderId },
    }),

  sendTyping: (receiverId, isTyping) =>
    request("POST", `${CHATS}/typing/`, { body: { receiver_id: receiverId, is_typing: isTyping } }),

  /** {total_unread, conversations: [{conversation_id, unread_count, …}]} */
  getUnreadCount: () => request("GET", `${CHATS}/unread-count/`),

  /** The ids of the people who are online. */
  getOnlineUsers: async () => (await request("GET", `${CHATS}/online-users/`)).online_users,
};
