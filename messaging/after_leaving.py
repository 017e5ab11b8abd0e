"""What those who left a conversation, or were taken out of it, still see: all as it was when they left."""

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min

from .models import Conversation, Message, MessageEdit, Participant


def left_at(person: Any, conversation_ids: Iterable[int]) -> dict[int, datetime]:
    """When this person left each of these conversations; those that they did not leave are missing. One query."""
    rows = Participant.objects.filter(
        person_id=person.pk, conversation_id__in=set(conversation_ids), left_at__isnull=False
    )
    return {place: at for place, at in rows.values_list("conversation_id", "left_at") if at is not None}


def messages_as_left(messages: Collection[Message], left: Mapping[int, datetime]) -> list[Message]:
    """The messages with the texts and the numbers of replies of ``left_at``. What was deleted later stays deleted."""
    messages = _with_replies_of_then(messages, left)
    later = {
        message.pk
        for message in messages
        if message.edited_at is not None
        and message.conversation_id in left
        and message.edited_at > left[message.conversation_id]
    }
    if not later:
        return messages
    was = {message.pk: copy(message) for message in messages}
    for place, at in left.items():
        edits = MessageEdit.objects.filter(message_id__in=later, message__conversation_id=place).order_by()
        first_after = edits.filter(edited_at__gt=at).values("message_id").annotate(first=Min("pk")).values("first")
        texts = dict(MessageEdit.objects.filter(pk__in=first_after).values_list("message_id", "text"))
        before = edits.filter(edited_at__lte=at).values("message_id").annotate(last=Max("edited_at"))
        edited = dict(before.values_list("message_id", "last"))
        for pk in (pk for pk in later if was[pk].conversation_id == place):
            was[pk].text, was[pk].edited_at = texts.get(pk, ""), edited.get(pk)
    return [was[message.pk] for message in messages]


def _with_replies_of_then(messages: Collection[Message], left: Mapping[int, datetime]) -> list[Message]:
    roots = [message for message in messages if message.thread_count and message.conversation_id in left]
    counts: dict[int, int] = {}
    for place in {message.conversation_id for message in roots}:
        ids = [message.pk for message in roots if message.conversation_id == place]
        replies = Message.objects.filter(parent_id__in=ids, sent_at__lte=left[place], deleted_at=None).order_by()
        counts |= dict(replies.values_list("parent_id").annotate(number=Count("pk")))
    was = {message.pk: copy(message) for message in roots}
    for message in was.values():
        message.thread_count = counts.get(message.pk, 0)
    return [was.get(message.pk, message) for message in messages]


def conversation_as_left(row: Participant) -> Conversation:
    """The conversation of somebody who left, without what may have changed since. It is not to be saved."""
    place = copy(row.conversation)
    place.title, place.metadata, place.is_open, place.assignee = "", {}, False, None
    place.last_seq = row.left_seq or 0
    readable = place.messages.filter(seq__gt=row.history_from, seq__lte=place.last_seq, deleted_at=None)
    newest = readable.select_related("sender").order_by("-seq").first()
    place.last_message_at = newest.sent_at if newest else None
    if newest is not None and row.left_at is not None:
        [newest] = messages_as_left([newest], {place.pk: row.left_at})
    place.last_message = newest
    return place
