"""The histories of the log: which ids still belong to it, and which were lost with a restored or promoted database.

An epoch begins when a numbering finds another database than before (``FINGERPRINT`` in
realtime/log/numbering_postgresql.py), or by ``manage.py new_epoch``. It records the id at which the old history was
cut, and its own ids begin far above. Whoever has read an id between the two has read something that is no longer so.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from .models import LogEpoch

GAP = 2**32  # the least distance between the last place of a history and the first of the next
# A new epoch begins where no earlier one can have been, not even one whose traces were lost with a restored backup:
# this many places for each second since 2025.
PLACES_A_SECOND = 2**21
EPOCH_ZERO = 1_735_689_600


@dataclass(frozen=True)
class History:
    """The epochs of the log. ``number`` is that of the newest one, ``gaps`` the ids (cut, begins) around each start.

    Every reader of the log knows the history that it has read with, and sees by it that another one has begun.
    """

    number: int | None = None
    fingerprint: str = ""
    gaps: tuple[tuple[int, int], ...] = ()

    def is_lost(self, cursor: int) -> bool:
        """Whether this id, given by a server some time, belongs to a history that was lost.

        With a cut of 0 nothing that was read before stays valid, not even the beginning of the log.
        """
        return any(cut < cursor < begins or cursor == cut == 0 < begins for cut, begins in self.gaps)

    def leaps(self, cursor: int, following: int) -> bool:
        """Whether ``following`` is so far above ``cursor`` that an epoch must have begun between, and none is known."""
        known = max([cursor, *(begins for _, begins in self.gaps if begins < following)])
        return following - known >= GAP

    def skip(self, cursor: int) -> int:
        """The cursor, moved over the gap that it stands in: no event is there."""
        for cut, begins in self.gaps:
            if cut <= cursor < begins:
                return begins
        return cursor

    @property
    def begins(self) -> int:
        """The id after which the newest epoch began."""
        return self.gaps[-1][1] if self.gaps else 0


NO_HISTORY = History()
_known = NO_HISTORY


def known(number: int | None, begins: int | None, fingerprint: str | None) -> History:
    """The history whose newest epoch is this one. Only one that is new to this process is read."""
    global _known
    if number is None:
        return NO_HISTORY
    if (_known.number, _known.begins, _known.fingerprint) != (number, begins, fingerprint):
        _known = read()
    return _known


def begun(since: datetime, until: datetime) -> list[LogEpoch]:
    """The epochs that began in [``since``, ``until``) and left ids out, oldest first. The first one leaves none out."""
    return list(LogEpoch.objects.filter(started_at__gte=since, started_at__lt=until, begins__gt=F("cut")))


def read() -> History:
    """The history as the database has it."""
    rows = list(LogEpoch.objects.order_by("id").values_list("id", "fingerprint", "cut", "begins"))
    if not rows:
        return NO_HISTORY
    return History(rows[-1][0], rows[-1][1], tuple((cut, begins) for _, _, cut, begins in rows))
