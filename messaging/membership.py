"""The audience of a conversation's events.

- A direct conversation: the keys of its people.
- A larger one: a single key, ``conversation:ID:GENERATION``, however many take part. Whoever takes part holds the keys
  of the generations since they joined.
- One about something of an application: the keys that the application grants.

The generation is raised when somebody joins who may not read what was written before. What was said before carries the
key of an earlier generation, which they do not hold, so neither a live stream nor a replay shows it to them.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from realtime.access.accounts import Account
from realtime.access.audience import user_key
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event
from realtime.log.publish import Announcement

from .models import Conversation, Message, Participant
from .serializing import person_id
from .subjects import subject_of

NUMBERING_MARGIN = timedelta(days=1)  # so long after it was written an event gets its place in the log, at the latest


def conversation_key(conversation_id: int, generation: int) -> str:
    """The audience key of a larger conversation in this generation."""
    return f"conversation:{conversation_id}:{generation}"


def granted_keys(accounts: Collection[Account]) -> dict[Any, set[str]]:
    """The keys of the larger conversations in which each account takes part. Registered with the audience rule."""
    keys: dict[Any, set[str]] = {}
    rows = Participant.objects.filter(
        person_id__in=[account.pk for account in accounts], holds_key=True, left_at=None
    ).values_list(
        "person_id",
        "conversation_id",
        "joined_generation",
        "conversation__generation",
        "conversation__past_generations",
    )
    for owner, conversation_id, joined, generation, past in rows:
        held = keys.setdefault(owner, set())
        held.add(conversation_key(conversation_id, generation))
        held.update(conversation_key(conversation_id, number) for number, _ in past if number >= joined)
    return keys


def audience(conversation: Conversation, message: Message | None = None) -> list[str]:
    """The keys of those who may see an event of this conversation: of this message, where it is about one."""
    if conversation.subject_key is not None:
        return list(subject_of(conversation.subject_key).audience(conversation.subject_key))
    if conversation.direct_key is not None:
        return [user_key(one) for one in sorted(set(people_of(conversation.direct_key)))]
    if message is None or message.generation == conversation.generation:
        return [conversation_key(conversation.pk, conversation.generation)]
    if any(number == message.generation for number, _ in conversation.past_generations):
        return [conversation_key(conversation.pk, message.generation)]
    # The log no longer holds that generation, so nobody has its key. This happens where something old is edited.
    readers = conversation.participants.filter(left_at=None, joined_generation__lte=message.generation)
    return [user_key(one) for one in readers.values_list("person_id", flat=True)]


def direct_key(one: Any, other: Any) -> str:
    """The key under which the direct conversation of two people exists once. Given by their ids, in either order."""
    return ":".join(sorted((str(one), str(other))))


def people_of(key: str) -> list[Any]:
    """The ids of the two people of a direct key, as text."""
    return key.split(":")


def raise_generation(conversation: Conversation, now: datetime) -> None:
    """Begin a new generation, unless nothing was written in the present one.

    The caller holds the lock of the conversation, and saves ``generation`` and ``past_generations``.
    """
    newest = conversation.messages.filter(seq=conversation.last_seq).values_list("generation", flat=True).first()
    if newest != conversation.generation:
        return
    oldest = Event.objects.order_by("id").values_list("at", flat=True).first() or now
    kept = [
        [number, ended]
        for number, ended in conversation.past_generations
        if datetime.fromisoformat(ended) > oldest - NUMBERING_MARGIN
    ]
    conversation.past_generations = [*kept, [conversation.generation, now.isoformat()]]
    conversation.generation += 1


def authority_of(people: Iterable[Any]) -> Announcement:
    """The event after which every process reads anew which keys these people (given by id) hold."""
    return Announcement(AuthorityChanged(user_ids=sorted({person_id(one) for one in people}, key=str)), ())


def may_read(participant: Participant, seq: int) -> bool:
    """Whether a participant may read the message with this number."""
    return participant.history_from < seq and (participant.left_seq is None or seq <= participant.left_seq)
