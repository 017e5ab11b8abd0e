"""The addresses of conversations and messages, below ``/api/v1/``, each with and without a slash at its end."""

from django.urls import path

from . import conversations, messages, participants, people_views, tickets

_PLACE, _MESSAGE = "conversations/<int:conversation_id>", "messages/<int:message_id>"
_SERVED = {
    "conversations": (conversations.Conversations, "conversations"),
    _PLACE: (conversations.OneConversation, "conversation"),
    f"{_PLACE}/join": (conversations.Join, "conversation_join"),
    f"{_PLACE}/leave": (conversations.Leave, "conversation_leave"),
    f"{_PLACE}/messages": (messages.Messages, "conversation_messages"),
    f"{_PLACE}/participants": (participants.Participants, "participants"),
    f"{_PLACE}/participants/<str:user_id>": (participants.OneParticipant, "participant"),
    f"{_PLACE}/read": (participants.Read, "conversation_read"),
    f"{_PLACE}/typing": (participants.TypingNow, "conversation_typing"),
    "messages": (messages.Send, "messages"),
    _MESSAGE: (messages.OneMessage, "message"),
    f"{_MESSAGE}/history": (messages.EarlierTexts, "message_history"),
    f"{_MESSAGE}/reactions": (messages.Reactions, "message_reactions"),
    "messaging/preferences": (people_views.Preferences, "messaging_preferences"),
    "messaging/keys": (people_views.DeviceKeys, "messaging_keys"),
    "messaging/presence": (people_views.Presence, "messaging_presence"),
    "ws-ticket": (tickets.SocketTicket, "ws_ticket"),
}
# Those without a slash come last, so reverse() returns them. The others are not described a second time.
urlpatterns = [
    *(path(f"{route}/", view.as_view(schema=None), name=name) for route, (view, name) in _SERVED.items()),
    *(path(route, view.as_view(), name=name) for route, (view, name) in _SERVED.items()),
]
