"""How far polling clients have read that do not say it themselves.

A client that names itself (``?client=``, a name that each tab makes up) has a position of its own, which is exact. The
old clients poll with a token and nothing else, so several tabs of a person look the same. A tab has one poll under way
at a time. So each such poll takes a position that no other poll holds, the one that was used last, and leaves it where
it has read to. Tabs whose polls overlap then do not take events from each other. A poll that was broken off leaves
nothing: until its position is free again, the next poll starts a new one where it stood.

Without a name that is not exact. Of an event that comes while several tabs are between two polls, nobody can tell which
position was whose: one tab may miss it, and another get it twice. And an event whose response is lost on its way is
lost to a client without a cursor, with a name or not. Neither happens to one that sends the ``cursor`` of the last
response (messaging/chat/polling.py).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone

from .models import PollPosition

HELD = timedelta(seconds=10)  # longer than a poll takes
KEPT = timedelta(minutes=5)  # without a poll
MOST = 10  # clients with one credential
SWEPT_AT_ONCE = 100  # positions of whoever polls no more


@transaction.atomic
def take(credential: str, client: str = "") -> PollPosition:
    """A position for a poll with this credential (its digest), of the client with this name, if it has one.

    That client has one, whether a poll holds it or not: of two, the first was broken off. Without a name, a new one
    stands where the last of those that are held does: one of them may be of a poll that was broken off, whose client
    asks again. ``cursor`` is ``None`` where none of them has read anything.
    """
    now = timezone.now()
    theirs = PollPosition.objects.filter(credential=credential)
    theirs.filter(used_at__lt=now - KEPT).delete()
    if client:
        return _named(theirs, credential, client, now)
    unnamed = theirs.filter(client="")
    for found in unnamed.filter(busy_until__lte=now).order_by("-used_at", "-pk"):
        held = unnamed.filter(pk=found.pk, busy_until=found.busy_until)
        if held.update(busy_until=now + HELD, used_at=now):  # of two at the same moment, one holds it
            return found
    behind = unnamed.aggregate(least=Min("cursor"))["least"]
    _make_room(theirs, now)
    return PollPosition.objects.create(credential=credential, cursor=behind, busy_until=now + HELD, used_at=now)


def _named(theirs: QuerySet[PollPosition], credential: str, client: str, now: datetime) -> PollPosition:
    held = {"busy_until": now + HELD, "used_at": now}
    if not theirs.filter(client=client).update(**held):
        _make_room(theirs, now)
    found, _ = PollPosition.objects.get_or_create(credential=credential, client=client, defaults=held)
    return found


def _make_room(theirs: QuerySet[PollPosition], now: datetime) -> None:
    """Delete what is too much before one is added."""
    oldest = list(theirs.order_by("-used_at").values_list("pk", flat=True)[MOST - 1 :])
    theirs.filter(pk__in=oldest).delete()
    _sweep(now - KEPT)


def _sweep(before: datetime) -> None:
    """Delete positions of credentials that have not polled since then, and perhaps never do again."""
    left = PollPosition.objects.filter(used_at__lt=before)
    left.filter(pk__in=list(left.order_by("pk").values_list("pk", flat=True)[:SWEPT_AT_ONCE])).delete()


def leave(position: PollPosition, cursor: int | None) -> None:
    """Note that its client has read up to ``cursor`` (``None``: nothing yet), and that the poll is over."""
    now = timezone.now()
    PollPosition.objects.filter(pk=position.pk).update(cursor=cursor, busy_until=now, used_at=now)


def forget(credential: str, client: str = "") -> None:
    """Forget a client's position; without a name the one that was used last. It has said that it polls no more."""
    theirs = PollPosition.objects.filter(credential=credential, client=client)
    if client:
        theirs.delete()
        return
    last = theirs.filter(busy_until__lte=timezone.now()).order_by("-used_at").first()
    if last is not None:
        last.delete()
