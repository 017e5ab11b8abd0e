"""The conversations that messages are imported into: those that are there, and those that are made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Max

from .. import membership
from ..models import Conversation, Participant
from .old_rows import CONVERSATIONS, OldConversation
from .outcome import Outcome


@dataclass(slots=True)
class Place:
    """A conversation with the number of its newest message, and that message's id."""

    id: int
    last_seq: int
    newest_id: int


class People:
    """The accounts of the site, by the ids of the old database."""

    def __init__(self) -> None:
        model = get_user_model()
        self._field = model._meta.pk
        self._known = set(model._default_manager.values_list("pk", flat=True))

    def find(self, old_id: Any) -> Any:
        """Return the id of the account; None where there is none."""
        try:
            found = self._field.to_python(old_id)
        except ValidationError:
            return None
        return found if found in self._known else None


class Places:
    """Finds and makes direct conversations. Old ones keep their ids."""

    def __init__(self, people: People, outcome: Outcome) -> None:
        self._people = people
        self._outcome = outcome
        self._old: dict[str, OldConversation] = {}
        self._key_of_old: dict[int, str] = {}
        self._places: dict[str, Place] = {}
        self._largest = Conversation.objects.aggregate(id=Max("id"))["id"] or 0

    def add(self, row: OldConversation) -> None:
        """Know an old conversation. Its people must be known; of several with the same people, the first stays."""
        first, second = (self._people.find(one) for one in row.people)
        self._largest = max(self._largest, row.id)
        if first is None or second is None:
            unknown = row.people[0] if first is None else row.people[1]
            self._outcome.refuse(CONVERSATIONS, row.id, f"there is no account {unknown}")
            return
        key = membership.direct_key(first, second)
        self._key_of_old[row.id] = key
        if key in self._old:
            self._outcome.refuse(
                CONVERSATIONS, row.id, f"its people have conversation {self._old[key].id}, which gets its messages"
            )
            return
        self._old[key] = row

    def belongs(self, old_conversation_id: int, key: str) -> bool:
        """Whether the old conversation is one of this pair."""
        return self._key_of_old.get(old_conversation_id) == key

    def of(self, sender: Any, receiver: Any, now: datetime) -> Place:
        """Return the conversation of two people, which is made where it is not there. ``now``: its first message's."""
        key = membership.direct_key(sender, receiver)
        if key not in self._places:
            self._places[key] = self._found(key) or self._made(key, sender, receiver, now)
        return self._places[key]

    def used(self) -> list[int]:
        """Return the ids of the conversations that ``of`` has returned."""
        return [place.id for place in self._places.values()]

    def old_ones(self) -> dict[str, OldConversation]:
        """Return the old conversations by the key of their people."""
        return self._old

    @staticmethod
    def _found(key: str) -> Place | None:
        row = Conversation.objects.select_for_update().filter(direct_key=key).first()
        if row is None:
            return None
        newest = row.messages.aggregate(id=Max("id"))["id"] or 0
        return Place(row.pk, row.last_seq, newest)

    def _made(self, key: str, sender: Any, receiver: Any, now: datetime) -> Place:
        old = self._old.get(key)
        begun = (old.created_at if old else None) or now
        made = Conversation.objects.create(
            pk=self._id_for(old),
            kind=Conversation.Kind.DIRECT,
            direct_key=key,
            created_by_id=sender,
            created_at=min(begun, now),
        )
        Participant.objects.bulk_create(
            Participant(
                conversation=made,
                person_id=one,
                joined_at=made.created_at,
                archived_at=old.hidden_at if old else None,
            )
            for one in {sender, receiver}
        )
        self._outcome.conversations += 1
        return Place(made.pk, 0, 0)

    def _id_for(self, old: OldConversation | None) -> int:
        if old is not None and not Conversation.objects.filter(pk=old.id).exists():
            return old.id
        self._largest += 1
        if old is not None:
            self._outcome.refuse(
                CONVERSATIONS, old.id, f"its id is another conversation's here; it has become {self._largest}"
            )
        return self._largest
