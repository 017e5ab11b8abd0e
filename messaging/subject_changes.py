"""What an application tells messaging of its subjects: that one is called something else, or is seen by others now.

Who may see the conversation is asked of the application at every moment (messaging/subjects.py). This only lets pages
that are open know at once.
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from realtime.access.audience import user_key
from realtime.log.publish import publish

from . import membership, subjects
from .events import ConversationChanged
from .models import TITLE_LENGTH, Conversation


@transaction.atomic
def renamed(key: str) -> None:
    """What this subject is about may be called something else. Nothing happens where it has no conversation."""
    conversation = Conversation.objects.filter(subject_key=key).first()
    if conversation is None:
        return
    title = subjects.subject_of(key).title(key)[:TITLE_LENGTH]
    if title == conversation.title:
        return
    Conversation.objects.filter(pk=conversation.pk).update(title=title)
    publish((ConversationChanged(conversation_id=conversation.pk, what="title"), membership.audience(conversation)))


@transaction.atomic
def seen_by_others(keys: Collection[str], people: Collection[Any]) -> None:
    """These people (by id) may see these subjects from now on, or may not any longer: their pages look again."""
    audience = [user_key(one) for one in people]
    for pk in Conversation.objects.filter(subject_key__in=keys).order_by("pk").values_list("pk", flat=True):
        publish((ConversationChanged(conversation_id=pk, what="people"), audience))
