"""What the API takes: bodies and query strings, with their types. Texts are text and numbers numbers, nothing else.

What the services check (lengths of texts, who may do it) is not checked here again.
"""

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from .. import checking
from ..models import Conversation, Message, Participant, Preference
from ..people import person_key

LIMIT = 20  # entries of a page, unless the client says otherwise
LIMIT_MAX = 100
MESSAGES_LIMIT = 50
PAGE_MAX = 100_000
PEOPLE_LIMIT = 10_000  # ids of people in one request

PERSON_ID = {"oneOf": [{"type": "integer"}, {"type": "string"}], "description": "In the form of the site's user model."}


class TextField(serializers.CharField):
    """Text, as it was sent. A number is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "allow_blank": True, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class RowIdField(serializers.IntegerField):
    """The id of a row: a number, or text of digits."""

    def to_internal_value(self, data: Any) -> int:
        found = checking.row_id(data)
        if not found:
            self.fail("invalid")
        return found


@extend_schema_field(PERSON_ID)
class PersonIdField(serializers.Field):
    """The id of a person, in the type of the site's user model."""

    default_error_messages = {"invalid": "This is not the id of a person."}

    def to_internal_value(self, data: Any) -> Any:
        found = person_key(data)
        if found is None:
            self.fail("invalid")
        return found


class TimeField(serializers.DateTimeField):
    """A time with its offset."""

    default_error_messages = {"invalid": "A time is ISO 8601 with its offset.", "make_aware": "A time has its offset."}

    def to_internal_value(self, value: Any) -> datetime:
        try:
            found = parse_datetime(value) if isinstance(value, str) else None
            if found is not None and found.tzinfo is not None and 1970 < found.year < 9000:
                return found
        except ValueError:
            pass
        self.fail("invalid")
        raise AssertionError("fail() raises")


class NewMessage(serializers.Serializer):
    """A message to a conversation."""

    content = TextField(required=False, default="")
    message_type = serializers.ChoiceField(Message.Kind.choices, required=False, default=Message.Kind.TEXT)
    parent_id = RowIdField(required=False, allow_null=True, default=None)
    attachments = serializers.ListField(child=RowIdField(), required=False, default=list, max_length=100)
    client_id = TextField(required=False, allow_null=True, default=None)
    metadata = serializers.JSONField(required=False, default=dict)


class NewMessageAnywhere(serializers.Serializer):
    """A message to a conversation or to a person."""

    conversation_id = RowIdField(required=False, allow_null=True, default=None)
    to_user_id = PersonIdField(required=False, allow_null=True, default=None)
    message = TextField()
    message_type = serializers.ChoiceField(Message.Kind.choices, required=False, default=Message.Kind.TEXT)
    client_id = TextField(required=False, allow_null=True, default=None)


class ChangedMessage(serializers.Serializer):
    """A message's new text."""

    content = TextField()


class Emoji(serializers.Serializer):
    """A reaction."""

    emoji = TextField()


class NewConversation(serializers.Serializer):
    """A conversation, perhaps with its first message. The creator takes part without being named."""

    type = serializers.ChoiceField(
        [kind.value for kind in Conversation.Kind if kind != Conversation.Kind.SUBJECT],
        required=False,
        default=Conversation.Kind.DIRECT,
    )
    participants = serializers.ListField(child=PersonIdField(), required=False, default=list, max_length=PEOPLE_LIMIT)
    subject = TextField(required=False, allow_null=True, default="")
    metadata = serializers.JSONField(required=False, default=dict)
    shows_history = serializers.BooleanField(required=False)
    is_open = serializers.BooleanField(required=False)
    message = TextField(required=False, allow_null=True, default=None)
    client_id = TextField(required=False, allow_null=True, default=None)


class ChangedConversation(serializers.Serializer):
    """What may be changed of a conversation; the last two for oneself."""

    subject = TextField(required=False)
    metadata = serializers.JSONField(required=False)
    shows_history = serializers.BooleanField(required=False)
    is_open = serializers.BooleanField(required=False)
    assignee_id = PersonIdField(required=False, allow_null=True)
    archived = serializers.BooleanField(required=False)
    muted_until = TimeField(required=False, allow_null=True)


class Page(serializers.Serializer):
    """A page of a list."""

    page = serializers.IntegerField(required=False, default=1, min_value=1, max_value=PAGE_MAX)
    limit = serializers.IntegerField(required=False, default=LIMIT, min_value=1, max_value=LIMIT_MAX)


class ListedConversations(Page):
    """Which conversations to list. ``joinable``: those that one does not take part in and may join."""

    archived = serializers.BooleanField(required=False, default=False)
    type = serializers.ChoiceField(Conversation.Kind.choices, required=False, default=None)
    search = TextField(required=False, default="", max_length=100)
    joinable = serializers.BooleanField(required=False, default=False)


class ListedMessages(serializers.Serializer):
    """Which messages to list: before or after a number, or the replies to one."""

    before = serializers.IntegerField(required=False, default=None, min_value=0, max_value=checking.LARGEST_ID)
    after = serializers.IntegerField(required=False, default=None, min_value=0, max_value=checking.LARGEST_ID)
    limit = serializers.IntegerField(required=False, default=MESSAGES_LIMIT, min_value=1, max_value=LIMIT_MAX)
    parent_id = RowIdField(required=False, default=None)


class NewParticipants(serializers.Serializer):
    """People who are to take part."""

    user_ids = serializers.ListField(child=PersonIdField(), allow_empty=False, max_length=PEOPLE_LIMIT)
    role = serializers.ChoiceField(Participant.Role.choices, required=False, default=Participant.Role.MEMBER)


class ChangedParticipant(serializers.Serializer):
    """A participant's new role."""

    role = serializers.ChoiceField(Participant.Role.choices)


class ReadUpTo(serializers.Serializer):
    """The newest message that was read."""

    message_id = RowIdField()


class Typing(serializers.Serializer):
    """Whether somebody types."""

    is_typing = serializers.BooleanField(required=False, default=True)


class Preferences(serializers.Serializer):
    """What one lets others know."""

    read_receipts = serializers.BooleanField(required=False)
    last_seen = serializers.ChoiceField(Preference.LastSeen.choices, required=False)


class NewDeviceKey(serializers.Serializer):
    """The public key of a device, as a JSON Web Key."""

    device_id = TextField()
    public_key = serializers.JSONField()


class DeviceNamed(serializers.Serializer):
    """A device."""

    device_id = TextField()


class PeopleAsked(serializers.Serializer):
    """Whose presence is asked for: ids, by comma."""

    user_ids = TextField(max_length=4000)
