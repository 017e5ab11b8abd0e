"""A comparison: the compared way is asked what the caller has asked, after the caller was answered.

What the compared way writes is rolled back. Where the answers differ, both ways are asked again, since others may have
changed something in between; only what differs twice is a difference.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import OperationalError, transaction
from django.http import HttpRequest

from ..evidence.counting import counter
from ..evidence.models import Kind
from . import store
from .answers import View, ask
from .comparison import Answer, Found, Rules, compare
from .copying import copied
from .rolled_back import rolled_back

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Comparison:
    """A request that the old way has answered, and that the new one is to be asked.

    ``move`` and ``way`` name the move and its new way; ``views`` are the old and the new one; ``put_back`` makes it as
    it was before the old way changed it.
    """

    move: str
    way: str
    endpoint: str
    request: HttpRequest
    views: tuple[View, View]
    old: Answer
    rules: Rules
    put_back: Callable[[], None] | None = None

    def run(self) -> None:
        """Ask, compare, count, and keep what differs."""
        try:
            new, milliseconds, found, kind = self._compared()
        except OperationalError:  # a lock that another holds, or a database that is away, is nobody's difference
            counter.add(self.move, self.way, self.endpoint, Kind.SKIPPED, 0)
            return
        if found and (new.failure or new.status >= 500):
            kind = Kind.SHADOW_FAILED
        counter.add(self.move, self.way, self.endpoint, kind, milliseconds)
        store.keep(self.move, self.endpoint, found)

    def _compared(self) -> tuple[Answer, float, list[Found], Kind]:
        if self.old.body is None and self.request.method in SAFE:
            return self._ask_both(Kind.SAME)
        with rolled_back():
            new, milliseconds = self._ask_as_before(1)
        found = compare(self.old, new, self.rules)
        return self._ask_both(Kind.UNSETTLED) if found else (new, milliseconds, found, Kind.SAME)

    def _ask_both(self, alike: Kind) -> tuple[Answer, float, list[Found], Kind]:
        with rolled_back(snapshot=True):
            old, _ = self._ask_and_undo(0)
            new, milliseconds = self._ask_and_undo(1)
        found = compare(old, new, self.rules)
        if not found and None in (old.body, new.body):  # a stream that is too long to be read
            return new, milliseconds, found, Kind.SKIPPED
        return new, milliseconds, found, Kind.DIFFERENT if found else alike

    def _ask_and_undo(self, number: int) -> tuple[Answer, float]:
        with transaction.atomic():
            answer = self._ask_as_before(number)
            transaction.set_rollback(True)
        return answer

    def _ask_as_before(self, number: int) -> tuple[Answer, float]:
        if self.put_back is not None:
            self.put_back()
        return self._ask(number)

    def _ask(self, number: int) -> tuple[Answer, float]:
        request = copied(self.request)
        if request is None:
            raise OperationalError("The request cannot be asked again.")
        begun = time.perf_counter()
        return ask(self.views[number], request), (time.perf_counter() - begun) * 1000
