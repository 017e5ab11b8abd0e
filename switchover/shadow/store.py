"""Keeps the differences that were found: each once, with how often and when, and a bounded number of them."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from .comparison import Found
from .models import Difference

MOST = 500  # differences of one move; the ones not seen for longest go first
KEPT = timedelta(days=30)


def keep(move: str, endpoint: str, found: Iterable[Found]) -> None:
    """Keep these differences of a move at an endpoint."""
    for one in found:
        _keep(move, endpoint, one)


def _keep(move: str, endpoint: str, one: Found) -> None:
    digest = hashlib.sha256("\0".join((endpoint, *one)).encode()).hexdigest()[:32]
    rows, now = Difference.objects.filter(move=move, digest=digest), timezone.now()
    if rows.update(times=F("times") + 1, last_at=now):
        return
    try:
        with transaction.atomic():
            Difference.objects.create(
                move=move, endpoint=endpoint, digest=digest, first_at=now, last_at=now, **one._asdict()
            )
    except IntegrityError:  # another process has just kept it
        rows.update(times=F("times") + 1, last_at=now)
        return
    kept = Difference.objects.filter(move=move).order_by("-last_at", "-id").values_list("pk", flat=True)
    if beyond := list(kept[MOST : MOST + 100]):
        Difference.objects.filter(pk__in=beyond).delete()


def prune() -> None:
    """Delete the differences that have not been seen for a month."""
    Difference.objects.filter(last_at__lt=timezone.now() - KEPT).delete()
