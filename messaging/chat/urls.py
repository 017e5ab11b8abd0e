"""The addresses of the chat, below ``/api/v1/communication/``."""

from django.urls import path

from . import conversations, messages, polling, streams, tickets

urlpatterns = [
    path("chats/", messages.Messages.as_view(), name="chat_messages"),
    path("chats/<int:message_id>/", messages.OneMessage.as_view(), name="chat_message"),
    path("chats/conversations/", conversations.Conversations.as_view(), name="chat_conversations"),
    path("chats/conversation/<str:user_id>/", conversations.History.as_view(), name="chat_history"),
    path("chats/mark-read/", conversations.MarkRead.as_view(), name="chat_mark_read"),
    path("chats/typing/", conversations.Typing.as_view(), name="chat_typing"),
    path("chats/unread-count/", conversations.UnreadCount.as_view(), name="chat_unread_count"),
    path("chats/online-users/", conversations.OnlineUsers.as_view(), name="chat_online_users"),
    path("sse/events/", streams.events, name="chat_stream"),
    path("sse/test/", streams.test, name="chat_stream_test"),
    path("sse/ticket/", tickets.Tickets.as_view(), name="chat_ticket"),
    path("poll/events/", polling.events, name="chat_poll"),
    path("poll/test/", polling.test, name="chat_poll_test"),
    path("poll/disconnect/", polling.disconnect, name="chat_poll_disconnect"),
]
