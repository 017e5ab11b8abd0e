"""The addresses of conversations and messages, below ``/api/v1/``, each with and without a slash at its end."""

from django.urls import re_path

from . import conversations, messages, participants, people_views, tickets

_PLACE = r"^conversations/(?P<conversation_id>[0-9]{1,19})"
_MESSAGE = r"^messages/(?P<message_id>[0-9]{1,19})"
urlpatterns = [
    re_path(r"^conversations/?$", conversations.Conversations.as_view(), name="conversations"),
    re_path(_PLACE + r"/?$", conversations.OneConversation.as_view(), name="conversation"),
    re_path(_PLACE + r"/join/?$", conversations.Join.as_view(), name="conversation_join"),
    re_path(_PLACE + r"/leave/?$", conversations.Leave.as_view(), name="conversation_leave"),
    re_path(_PLACE + r"/messages/?$", messages.Messages.as_view(), name="conversation_messages"),
    re_path(_PLACE + r"/participants/?$", participants.Participants.as_view(), name="participants"),
    re_path(
        _PLACE + r"/participants/(?P<user_id>[^/]{1,64})/?$", participants.OneParticipant.as_view(), name="participant"
    ),
    re_path(_PLACE + r"/read/?$", participants.Read.as_view(), name="conversation_read"),
    re_path(_PLACE + r"/typing/?$", participants.TypingNow.as_view(), name="conversation_typing"),
    re_path(r"^messages/?$", messages.Send.as_view(), name="messages"),
    re_path(_MESSAGE + r"/?$", messages.OneMessage.as_view(), name="message"),
    re_path(_MESSAGE + r"/history/?$", messages.EarlierTexts.as_view(), name="message_history"),
    re_path(_MESSAGE + r"/reactions/?$", messages.Reactions.as_view(), name="message_reactions"),
    re_path(r"^messaging/preferences/?$", people_views.Preferences.as_view(), name="messaging_preferences"),
    re_path(r"^messaging/presence/?$", people_views.Presence.as_view(), name="messaging_presence"),
    re_path(r"^ws-ticket/?$", tickets.SocketTicket.as_view(), name="ws_ticket"),
]
