"""Where the log stands, for the kit: it waits for the servers and writers to number, and numbers nothing for them."""

from realtime.log import position
from realtime.log.models import OutboxEvent
from tests.support.ports import wait_until

NUMBERING_SECONDS = 60.0  # the longest time for which a fault may keep everybody from numbering


def head(seconds: float = NUMBERING_SECONDS) -> int:
    """Return the id of the newest event, once everything that is committed now has its place.

    Raise AssertionError if that takes longer.
    """
    newest = OutboxEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is not None:
        waiting = OutboxEvent.objects.filter(pk__lte=newest)
        wait_until(lambda: not waiting.exists(), f"somebody numbers what was written up to {newest}", seconds)
    return position.read().newest
