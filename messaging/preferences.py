"""What a person lets others know: when they have read something, and when they were last there."""

from typing import Any

from django.db import transaction

from . import contacts
from .errors import Invalid
from .models import Preference


def preference_of(person: Any) -> Preference:
    """The person's preferences; the defaults, not saved, where they have chosen nothing."""
    return Preference.objects.filter(pk=person.pk).first() or Preference(person=person)


def tells_reads(person: Any) -> bool:
    """Whether a person tells when they have read something, and so is told of others. Best with ``select_related``."""
    chosen = getattr(person, "messaging_preference", None)
    return chosen is None or bool(chosen.sends_read_receipts)


@transaction.atomic
def choose(person: Any, *, sends_read_receipts: Any = None, last_seen: Any = None) -> Preference:
    """Change preferences; ``None`` leaves one as it is. Raises Invalid for what cannot be chosen."""
    chosen, _ = Preference.objects.get_or_create(person=person)
    if sends_read_receipts is not None:
        if not isinstance(sends_read_receipts, bool):
            raise Invalid("This is yes or no.", field="sends_read_receipts")
        chosen.sends_read_receipts = sends_read_receipts
    if last_seen is not None:
        if last_seen not in Preference.LastSeen.values:
            raise Invalid("There is no such choice.", field="last_seen")
        chosen.last_seen = last_seen
    chosen.save()
    return chosen


def shows_last_seen(owner: Any, viewer: Any) -> bool:
    """Whether ``viewer`` may know when ``owner`` was last there."""
    if owner.pk == viewer.pk:
        return True
    match preference_of(owner).last_seen:
        case Preference.LastSeen.NOBODY:
            return False
        case Preference.LastSeen.EVERYBODY:
            return True
        case _:
            return contacts.rule().may_write(owner, viewer)
