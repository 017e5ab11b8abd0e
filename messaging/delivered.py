"""Which messages have reached a device of their receivers. Noted for many people at once, and only forward."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from realtime.log.events import iso
from realtime.log.publish import Announcement, publish

from . import membership
from .events import MessageDelivered
from .models import Conversation, Message, Participant, Receipt
from .serializing import person_id

LISTED = 500  # messages in one event

Got = Mapping[Any, Collection[int]]  # the ids of messages, by the id of the person who has got them


@transaction.atomic
def store(got: Got) -> int:
    """Note that these people have got these messages. Ids of messages that are not for them are left out.

    Return of how many that was not known yet, in direct conversations. A fixed number of statements for all of them,
    and one more for the events, which tell the senders.
    """
    if not any(got.values()):
        return 0
    ids, now = set[int]().union(*got.values()), timezone.now()
    known = Receipt.objects.filter(person_id__in=list(got), message_id__in=ids, delivered_at=None)
    locked = known.select_related("message__conversation").select_for_update(of=("self",)).order_by("pk")
    rows = [row for row in locked if row.message_id in got[row.person_id]]
    if rows:
        Receipt.objects.filter(pk__in=[row.pk for row in rows]).update(delivered_at=now)
        publish(*_announcements(rows, iso(now)))
    _move_pointers(got, ids)
    return len(rows)


def _announcements(rows: list[Receipt], delivered_at: str) -> Iterator[Announcement]:
    groups: dict[tuple[int, Any], list[Receipt]] = {}
    for row in sorted(rows, key=lambda row: row.message_id):
        groups.setdefault((row.message.conversation_id, row.person_id), []).append(row)
    for (place, owner), group in groups.items():
        for begin in range(0, len(group), LISTED):
            event = MessageDelivered(
                conversation_id=place,
                person_id=person_id(owner),
                message_ids=[row.message_id for row in group[begin : begin + LISTED]],
                delivered_at=delivered_at,
            )
            yield Announcement(event, membership.audience(group[0].message.conversation))


def _move_pointers(got: Got, ids: Collection[int]) -> None:
    """In larger conversations, a pointer says up to which message everything has reached a participant."""
    larger = Message.objects.filter(pk__in=ids).exclude(conversation__kind=Conversation.Kind.DIRECT)
    messages = {pk: (place, seq) for pk, place, seq in larger.values_list("pk", "conversation_id", "seq")}
    if not messages:
        return
    reached: dict[tuple[Any, int], int] = {}
    for owner, theirs in got.items():
        for place, seq in (messages[one] for one in theirs if one in messages):
            reached[owner, place] = max(seq, reached.get((owner, place), 0))
    places = {place for _, place in reached}
    rows = Participant.objects.filter(person_id__in=list(got), conversation_id__in=places, left_at=None)
    moved = []
    for row in rows.select_for_update().order_by("pk"):
        seq = reached.get((row.person_id, row.conversation_id), 0)
        if seq > max(row.last_delivered_seq, row.history_from):
            row.last_delivered_seq = seq
            moved.append(row)
    Participant.objects.bulk_update(moved, ["last_delivered_seq"], batch_size=500)
