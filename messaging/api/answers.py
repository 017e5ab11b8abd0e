"""What the API answers, for its OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers as fields

from ..models import Conversation, Message, Participant, Preference
from .inputs import PersonIdField

REFUSAL = inline_serializer(
    "ConversationRefusal",
    {
        "detail": fields.CharField(),
        "code": fields.CharField(required=False),
        "errors": fields.DictField(child=fields.ListField(child=fields.CharField()), required=False),
    },
)
ERRORS: dict[int, Any] = {
    status: OpenApiResponse(REFUSAL, description=meaning)
    for status, meaning in {
        401: "Nobody is signed in.",
        403: "The person may not do this here.",
        404: "There is no such thing, or the person may not know of it.",
        409: "It cannot be done in the present state.",
        422: "A value is missing or wrong.",
        429: "Too often; Retry-After says for how many seconds.",
    }.items()
}


def _time(**values: Any) -> fields.DateTimeField:
    return fields.DateTimeField(**values)


RECEIPT = inline_serializer(
    "MessageReceipt",
    {"user_id": PersonIdField(), "delivered_at": _time(allow_null=True), "read_at": _time(allow_null=True)},
    many=True,
)
MESSAGE_FIELDS: dict[str, fields.Field] = {
    "id": fields.IntegerField(),
    "seq": fields.IntegerField(help_text="Its number within the conversation, without gaps."),
    "conversation_id": fields.IntegerField(),
    "message_type": fields.ChoiceField(Message.Kind.choices),
    "sender_id": PersonIdField(allow_null=True),
    "sender_name": fields.CharField(),
    "sender_avatar": fields.CharField(allow_null=True),
    "content": fields.CharField(help_text="As it was written; empty for a deleted one."),
    "html": fields.CharField(allow_null=True, help_text="Of Markdown and HTML: sanitised."),
    "parent_id": fields.IntegerField(allow_null=True),
    "thread_count": fields.IntegerField(),
    "client_id": fields.CharField(allow_null=True),
    "sent_at": _time(),
    "edited_at": _time(allow_null=True),
    "deleted_at": _time(allow_null=True),
    "attachments": fields.ListField(child=fields.DictField()),
    "reactions": fields.DictField(child=fields.ListField(child=PersonIdField())),
    "receipts": RECEIPT,
}
MESSAGE = inline_serializer("ConversationMessage", MESSAGE_FIELDS)
MESSAGES = inline_serializer(
    "ConversationMessages",
    {"messages": inline_serializer("ListedMessage", MESSAGE_FIELDS, many=True), "has_more": fields.BooleanField()},
)
HISTORY = inline_serializer(
    "MessageHistory",
    {
        "history": inline_serializer(
            "EarlierText",
            {"content": fields.CharField(), "by": PersonIdField(allow_null=True), "at": _time()},
            many=True,
        )
    },
)
REACTIONS = inline_serializer("ReactionCounts", {"counts": fields.DictField(child=fields.IntegerField())})

CONVERSATION_FIELDS: dict[str, fields.Field] = {
    "id": fields.IntegerField(),
    "type": fields.ChoiceField(Conversation.Kind.choices),
    "subject": fields.CharField(allow_null=True),
    "title": fields.CharField(help_text="What to call it: its subject, or its people."),
    "participants": inline_serializer(
        "ConversationParticipant",
        {
            "user_id": PersonIdField(),
            "name": fields.CharField(),
            "role": fields.ChoiceField(Participant.Role.choices),
            "last_read_at": _time(allow_null=True),
        },
        many=True,
    ),
    "participant_count": fields.IntegerField(),
    "last_message": fields.DictField(allow_null=True),
    "last_message_at": _time(allow_null=True),
    "unread_count": fields.IntegerField(),
    "last_seq": fields.IntegerField(),
    "last_read_seq": fields.IntegerField(),
    "role": fields.ChoiceField(Participant.Role.choices, allow_null=True),
    "archived": fields.BooleanField(),
    "muted_until": _time(allow_null=True),
    "metadata": fields.DictField(),
    "shows_history": fields.BooleanField(),
    "is_open": fields.BooleanField(),
    "assignee_id": PersonIdField(allow_null=True),
    "created_by": PersonIdField(allow_null=True),
    "created_at": _time(),
}
CONVERSATION = inline_serializer("Conversation", CONVERSATION_FIELDS)
_PAGE: dict[str, fields.Field] = {
    "page": fields.IntegerField(),
    "limit": fields.IntegerField(),
    "total": fields.IntegerField(),
}
CONVERSATIONS = inline_serializer(
    "ConversationPage",
    {"conversations": inline_serializer("ListedConversation", CONVERSATION_FIELDS, many=True), **_PAGE},
)
_PARTICIPANT_FIELDS: dict[str, fields.Field] = {
    "user_id": PersonIdField(),
    "name": fields.CharField(),
    "role": fields.ChoiceField(Participant.Role.choices),
    "joined_at": _time(),
}
PARTICIPANT = inline_serializer("ParticipantDetail", _PARTICIPANT_FIELDS)
PARTICIPANTS = inline_serializer(
    "ParticipantPage", {"participants": inline_serializer("ListedParticipant", _PARTICIPANT_FIELDS, many=True)}
)
READ = inline_serializer(
    "ReadState",
    {"last_read_message_id": fields.IntegerField(allow_null=True), "unread_count": fields.IntegerField()},
)
PREFERENCES = inline_serializer(
    "MessagingPreferences",
    {"read_receipts": fields.BooleanField(), "last_seen": fields.ChoiceField(Preference.LastSeen.choices)},
)
PRESENCE = inline_serializer(
    "PresencePage",
    {
        "presence": inline_serializer(
            "PersonPresence",
            {"user_id": PersonIdField(), "online": fields.BooleanField(), "last_seen": _time(allow_null=True)},
            many=True,
        )
    },
)
_KEY_FIELDS: dict[str, fields.Field] = {
    "user_id": PersonIdField(),
    "device_id": fields.CharField(),
    "public_key": fields.DictField(help_text="A JSON Web Key."),
    "published_at": _time(),
}
KEY = inline_serializer("DeviceKey", _KEY_FIELDS)
KEYS = inline_serializer("DeviceKeys", {"keys": inline_serializer("ListedDeviceKey", _KEY_FIELDS, many=True)})
TICKET = inline_serializer("SocketTicket", {"ticket": fields.CharField(), "expires_in": fields.IntegerField()})
