"""Reactions: people answer a message with an emoji, each emoji once."""

import unicodedata
from typing import Any

from django.db import transaction
from django.db.models import Count

from realtime.log.publish import publish

from . import access, checking, membership
from .errors import Conflict, Invalid
from .events import ReactionChanged
from .models import EMOJI_LENGTH, Message, Reaction
from .serializing import person_id

KINDS_LIMIT = 50  # different emoji at one message


@transaction.atomic
def react(person: Any, message_id: Any, emoji: Any) -> dict[str, int]:
    """Answer a message with an emoji; a second time it changes nothing. Return how many people chose each.

    Raises NotFound, Forbidden (the person may not write there), Conflict (deleted, or too many kinds), Invalid.
    """
    emoji = _checked(emoji)
    message, found = access.message_of(person, message_id)
    access.require_writable(person, found)
    access.lock(message.conversation_id)  # whoever reacts at the same time counts this one, too
    message.refresh_from_db(fields=["deleted_at"])
    if message.deleted_at is not None:
        raise Conflict("This message was deleted.", code="deleted")
    counts = _counts(message)
    if emoji not in counts and len(counts) >= KINDS_LIMIT:
        raise Conflict(f"A message has {KINDS_LIMIT} kinds of reactions at most.")
    _, made = Reaction.objects.get_or_create(message=message, person=person, emoji=emoji)
    return _announce(person, message, emoji, added=True) if made else counts


@transaction.atomic
def unreact(person: Any, message_id: Any, emoji: Any) -> dict[str, int]:
    """Take a reaction back; where there is none it changes nothing. Return how many people chose each.

    Raises NotFound, Forbidden (the person has left the conversation), Invalid.
    """
    emoji = _checked(emoji)
    message, found = access.message_of(person, message_id)
    access.require_not_left(found)
    access.lock(message.conversation_id)
    gone, _ = Reaction.objects.filter(message=message, person_id=person.pk, emoji=emoji).delete()
    return _announce(person, message, emoji, added=False) if gone else _counts(message)


def _announce(person: Any, message: Message, emoji: str, *, added: bool) -> dict[str, int]:
    counts = _counts(message)
    event = ReactionChanged(
        conversation_id=message.conversation_id,
        message_id=message.pk,
        person_id=person_id(person.pk),
        emoji=emoji,
        added=added,
        counts=counts,
    )
    publish((event, membership.audience(message.conversation, message)))
    return counts


def _counts(message: Message) -> dict[str, int]:
    rows = Reaction.objects.filter(message=message).order_by().values_list("emoji")
    return dict(rows.annotate(number=Count("pk")).values_list("emoji", "number"))


def _checked(emoji: Any) -> str:
    """Raise Invalid for what is not an emoji or a short word: blanks, control signs, too long."""
    text = checking.storable(emoji, "emoji")
    blank = any(unicodedata.category(sign) in {"Cc", "Zs", "Zl", "Zp"} for sign in text)
    if blank or not 0 < len(text) <= EMOJI_LENGTH:
        raise Invalid("This is not an emoji.", field="emoji")
    return text
