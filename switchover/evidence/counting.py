"""Counts answers in memory, and adds the counts to the table every few seconds. So a request costs no query."""

import logging
import threading
from collections import Counter
from datetime import datetime, timedelta

from django.db import DataError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from .buckets import bound
from .models import AnswerCount

FLUSH_SECONDS = 5.0
MOST_KEYS = 2_000  # that are counted apart between two flushes
OTHER = "other"  # the endpoint of what is beyond them
LONGEST_ENDPOINT = 100  # characters, as in the tables of counts and of differences
KEPT = timedelta(days=14)
PRUNE_SECONDS = 3600.0

logger = logging.getLogger(__name__)

Key = tuple[str, str, str, str, int, datetime]


class AnswerCounter:
    """The counts of this process that are not in the table yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Key] = Counter()

    def add(self, move: str, way: str, endpoint: str, kind: str, milliseconds: float) -> None:
        """Count an answer of this kind (``Kind``), which took so many milliseconds."""
        minute = timezone.now().replace(second=0, microsecond=0)
        with self._lock:
            key = (move, way, endpoint, kind, bound(milliseconds), minute)
            if key not in self._counts and len(self._counts) >= MOST_KEYS:
                key = (move, way, OTHER, kind, bound(milliseconds), minute)
            self._counts[key] += 1

    def flush(self) -> None:
        """Add what was counted to the table. It is kept for the next time while the database refuses everything."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            _add_to_rows(counts)
        except BaseException:
            with self._lock:
                if len(self._counts) + len(counts) <= 2 * MOST_KEYS:
                    self._counts.update(counts)
            raise

    def forget(self) -> None:
        """Drop what was counted. For tests."""
        with self._lock:
            self._counts.clear()


def storable(endpoint: str) -> str:
    """The endpoint as every database can keep it: of bounded length, and without NUL or halves of surrogate pairs."""
    return "".join(sign if sign.isprintable() else "?" for sign in endpoint[:LONGEST_ENDPOINT])


def _add_to_rows(counts: Counter[Key]) -> None:
    """Add the counts. A key that the database cannot keep is left out, since it would hold up the others for good."""
    try:
        with transaction.atomic():
            for key, count in sorted(counts.items()):
                _add_to_row(key, count)
    except DataError:
        for key in sorted(counts):
            try:
                with transaction.atomic():
                    _add_to_row(key, counts[key])
            except DataError as error:
                logger.warning("Answers at %r are not counted: %s", key[2], error)
            del counts[key]  # as far as it has come, where the database goes away meanwhile


def _add_to_row(key: Key, count: int) -> None:
    move, way, endpoint, kind, within_ms, minute = key
    rows = AnswerCount.objects.filter(
        move=move, way=way, endpoint=endpoint, kind=kind, within_ms=within_ms, minute=minute
    )
    if rows.update(count=F("count") + count):
        return
    try:
        with transaction.atomic():
            AnswerCount.objects.create(
                move=move, way=way, endpoint=endpoint, kind=kind, within_ms=within_ms, minute=minute, count=count
            )
    except IntegrityError:  # another process has just made it
        rows.update(count=F("count") + count)


def prune() -> None:
    """Delete the counts that are older than two weeks."""
    AnswerCount.objects.filter(minute__lt=timezone.now() - KEPT).delete()


counter = AnswerCounter()
