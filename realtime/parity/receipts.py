"""The address that receives the browsers' reports of their connections and receipts.

A report is about the user who sends it, and is limited in size and rate.
"""

import threading
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from ..access.user_ids import UserId
from ..transports.refusal import refusal, refusal_of, signed_in
from . import receipts_form, receipts_store

MOST_BYTES = 64 * 1024
POSTS_A_MINUTE = 240  # of one person, in one process
EVENTS_A_MINUTE = 6_000
# A busy day of somebody with many browsers, and some. What is measured reads all of it.
DAY = 24 * 3600
EVENTS_A_DAY = 300_000  # in one process; how many links: receipts_store.py


class Budget:
    """How much each user may report within a number of seconds (by default a minute)."""

    def __init__(self, now: Callable[[], float] = time.monotonic, seconds: int = 60) -> None:
        self._now = now
        self._seconds = seconds
        self._lock = threading.Lock()
        self._span = 0
        self._spent: dict[tuple[UserId, str], int] = {}

    def spend(self, user_id: UserId, what: str, number: int, most: int) -> int:
        """Take ``number`` of this user's ``most`` and return 0; or take none and return the seconds until there are
        enough.
        """
        span, second = divmod(int(self._now()), self._seconds)
        with self._lock:
            if span != self._span:
                self._span = span
                self._spent.clear()  # so there are never more entries than people in a span
            spent = self._spent.get((user_id, what), 0) + number
            if spent > most:
                return self._seconds - second
            self._spent[user_id, what] = spent
            return 0


budget = Budget()
daily = Budget(seconds=DAY)


def receive(request: HttpRequest) -> HttpResponseBase:
    """Take a report (JSON by POST). The response is ``{"accepted", "refused"}``: the receipts that were stored, and
    those of events that are not for this user.

    It is refused as a stream is, and with 413 above 64 KB, 415 when it is not JSON, 429 with ``Retry-After`` for too
    many.
    """
    if refused := refusal_of(request, "POST"):
        return refused
    user = signed_in(request)
    if request.content_type != "application/json":
        return refusal(415, "A report is JSON.")
    if wait := budget.spend(user.pk, "posts", 1, POSTS_A_MINUTE):
        return refusal(429, "Too many reports.", **{"Retry-After": str(wait)})
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return refusal(413, f"A report has at most {MOST_BYTES} bytes.")
    try:
        report = receipts_form.parse(body)
    except ValueError as error:
        return refusal(400, str(error))
    if wait := budget.spend(user.pk, "events", report.size, EVENTS_A_MINUTE):
        return refusal(429, "Too many events.", **{"Retry-After": str(wait)})
    if wait := daily.spend(user.pk, "events", report.size, EVENTS_A_DAY):
        return refusal(429, "Too many events for a day.", **{"Retry-After": str(wait)})
    try:
        accepted, not_theirs = receipts_store.store(user, report)
    except receipts_store.TooMany as error:
        return refusal(429, str(error), **{"Retry-After": "3600"})
    return JsonResponse({"accepted": accepted, "refused": not_theirs}, headers={"Cache-Control": "no-store"})
