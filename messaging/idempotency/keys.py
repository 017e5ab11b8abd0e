"""A request with an ``Idempotency-Key`` is carried out once. Whoever sends it again gets the first answer again.

The key is claimed in a transaction of its own, so that others see that the request is running. The answer is stored in
the transaction of what the request does: either both are kept, or neither. So a server that dies in between leaves a
claim without an answer, and nothing else. After ``RUNNING`` the next one takes it over; should the first one still be
there, it finds its claim gone and is rolled back.

An answer that refuses is not kept: nothing was done, and the key is free for a corrected request.
"""

import hashlib
import math
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from ..errors import Conflict, Invalid
from ..turns import TooOften
from .models import KeyedRequest

HEADER = "Idempotency-Key"
LONGEST_KEY = 255  # characters
KEPT = timedelta(hours=24)
RUNNING = timedelta(minutes=2)  # longer than a server lets a request take
MOST_KEYS = 10_000  # of one person in 24 hours
SWEPT_AT_ONCE = 100  # expired ones, of whomever, that a new one takes along


def once(person: Any, key: str, request: str, act: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    """Return the answer (status and body) to a request with this key: of ``act``, or the one that was given before.

    ``request`` is all that tells it from another one: address and body. ``act`` is called in a transaction.

    Raises:
        Invalid: the key is too long, or belongs to another request.
        Conflict: the same request is being carried out at this moment.
        TooOften: the person has ``MOST_KEYS`` keys of the last 24 hours.
        Whatever ``act`` raises; the key is free then.
    """
    if len(key) > LONGEST_KEY:
        raise Invalid(f"{HEADER} has {LONGEST_KEY} characters at most.", field=HEADER)
    row = _claimed(person, _digest(key), _digest(request))
    if row.status is not None:
        return row.status, row.body
    mine = KeyedRequest.objects.filter(pk=row.pk, claim=row.claim, status=None)
    try:
        with transaction.atomic():
            status, body = act()
            if not mine.update(status=status, body=body):
                raise _is_running()
            return status, body
    except BaseException:
        mine.delete()
        raise


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _is_running() -> Conflict:
    return Conflict("The same request is being carried out. Try again later.", code="running", field=HEADER)


def _claimed(person: Any, key: str, request: str) -> KeyedRequest:
    """The row of a key: claimed for the caller, or answered already."""
    now = timezone.now()
    own = KeyedRequest.objects.filter(person_id=person.pk)
    claim = {"request": request, "claim": secrets.token_hex(16), "begun_at": now}
    row = own.filter(key=key).first()
    if row is None:
        sweep(SWEPT_AT_ONCE, now)
        _require_room(person, now)
        row, made = KeyedRequest.objects.get_or_create(person_id=person.pk, key=key, defaults=claim)
        if made:
            return row
    expired = row.begun_at <= now - KEPT
    if row.request != request and not expired:
        raise Invalid(f"This {HEADER} belongs to another request.", code="other_request", field=HEADER)
    if not expired and row.status is not None:
        return row
    if not expired and row.begun_at > now - RUNNING:
        raise _is_running()
    if not own.filter(pk=row.pk, claim=row.claim, status=row.status).update(**claim, status=None, body=""):
        raise _is_running()  # somebody else has just taken it over
    row.claim, row.status = str(claim["claim"]), None
    return row


def _require_room(person: Any, now: datetime) -> None:
    oldest = KeyedRequest.objects.filter(person_id=person.pk).order_by("-begun_at").values_list("begun_at", flat=True)
    for begun_at in oldest[MOST_KEYS - 1 : MOST_KEYS]:
        raise TooOften(max(1, math.ceil((begun_at + KEPT - now).total_seconds())))


def sweep(most: int, now: datetime | None = None) -> int:
    """Delete up to ``most`` keys, of whomever, whose answers are kept no longer. Return how many."""
    before = (now or timezone.now()) - KEPT
    expired = KeyedRequest.objects.filter(begun_at__lt=before).order_by("begun_at").values_list("pk", flat=True)
    found = list(expired[:most])
    # One that is used again at this moment begins anew, and stays.
    return KeyedRequest.objects.filter(pk__in=found, begun_at__lt=before).delete()[0] if found else 0
