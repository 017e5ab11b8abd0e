"""Beginning an epoch of the log by name, where no fingerprint tells of the lost history (realtime/log/epochs.py)."""

from django.db import transaction

from . import numbering
from .events import EpochBegan
from .publish import Announcement, publish


def begin_epoch(known: int | None, cut: int | None = None) -> bool:
    """Begin a new epoch, unless one has begun since the epoch ``known``, and publish it.

    Return ``False`` if another process is numbering: try again. No id above ``cut`` stays valid; ``None`` cuts the
    history behind its newest event. The event makes processes look that have read nothing of the lost history.
    """
    if not numbering.renew_epoch(known, cut):
        return False
    with transaction.atomic():
        publish(Announcement(EpochBegan(), ()))
    return True
