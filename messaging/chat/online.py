"""Who is online, as far as a person may know it: of those whom they may write to, and have written with."""

from collections.abc import Iterable
from typing import Any

from .. import contacts
from ..live.presence import online_among
from ..models import Conversation, Participant

MOST_PARTNERS = 1_000


def among(people: Iterable[Any]) -> set[Any]:
    """Those of these people (by id) who are online. One query, without any none."""
    asked = set(people)
    return online_among(asked) if asked else set()


def visible_to(person: Any) -> list[Any]:
    """The ids of the people who are online and of whom this person may know it."""
    own = Participant.objects.filter(person_id=person.pk, conversation__kind=Conversation.Kind.DIRECT)
    newest = own.order_by("-conversation__last_message_at").values_list("conversation_id", flat=True)[:MOST_PARTNERS]
    partners = Participant.objects.filter(conversation_id__in=list(newest)).values_list("person_id", flat=True)
    known: Any = contacts.rule().sees_presence_of(person).values("pk")  # a subquery, since they may be thousands
    return sorted(online_among(set(partners)) | online_among(known), key=str)
