"""Who is online, as far as a person may know it: of those whom they may write to, and have written with."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from .. import contacts
from ..live.presence import online_among
from ..models import Conversation, Participant

MOST_PARTNERS = 1_000


def among(person: Any, people: Iterable[Any]) -> set[Any]:
    """Those of these people (by id) who are online, and of whom this person may know it."""
    return online_among(may_know(person, people))


def may_know(person: Any, people: Iterable[Any]) -> set[Any]:
    """Those of these people (by id) of whom this person may know whether they are online."""
    asked = set(people)
    partners = {one for one in asked if one == person.pk}
    if asked - partners:
        mine = _own(person).filter(conversation__participants__person_id__in=asked)
        partners |= set(mine.values_list("conversation__participants__person_id", flat=True)) & asked
    if others := asked - partners:
        seen = contacts.rule().sees_presence_of(person).filter(pk__in=others)
        partners |= set(seen.values_list("pk", flat=True))
    return partners


def _own(person: Any) -> QuerySet[Participant]:
    return Participant.objects.filter(person_id=person.pk, conversation__kind=Conversation.Kind.DIRECT)


def visible_to(person: Any) -> list[Any]:
    """The ids of the people who are online and of whom this person may know it."""
    newest = _own(person).order_by("-conversation__last_message_at").values_list("conversation_id", flat=True)
    places = list(newest[:MOST_PARTNERS])
    partners = Participant.objects.filter(conversation_id__in=places).values_list("person_id", flat=True)
    known: Any = contacts.rule().sees_presence_of(person).values("pk")  # a subquery, since they may be thousands
    return sorted(online_among(set(partners)) | online_among(known), key=str)
