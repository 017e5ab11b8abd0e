"""A comparison: the compared way is asked what the caller has asked, after the caller was answered.

What the compared way writes is rolled back. Where the answers differ, both ways are asked again, since others may have
changed something in between; only what differs twice is a difference. A failure counts at once: what fails now and then
would hide behind a second try.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from django.db import OperationalError, transaction
from django.http import HttpRequest
from django.utils import timezone, translation

from ..evidence.counting import counter
from ..evidence.models import Kind
from ..faults import told
from . import store
from .answers import View, answer_to, ask
from .comparison import Answer, Found, Rules, compare
from .copying import copied
from .rolled_back import rolled_back

logger = logging.getLogger(__name__)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_IN_TIME = Found("failure", "", "-", "not in time")


class NotComparable(Exception):
    """The answers cannot be compared."""


@dataclass
class Comparison:
    """A request that the old way has answered, and that the new one is to be asked.

    ``move`` and ``way`` name the move and its new way; ``views`` are the old and the new one; ``old`` is what the
    caller was answered, or what the old view has raised and Django answers; ``is_wanted`` says whether the caller still
    takes part; ``put_back`` makes it as it was before the old way changed it. Both are asked in the language and the
    time zone in which this was made.
    """

    move: str
    way: str
    endpoint: str
    request: HttpRequest
    views: tuple[View, View]
    old: Answer | Exception
    rules: Rules
    is_wanted: Callable[[], bool]
    put_back: Callable[[], None] | None = None
    _language: str | None = field(default_factory=translation.get_language)
    _zone: tzinfo = field(default_factory=timezone.get_current_timezone)
    _begun: float = 0.0
    _counted: threading.Lock = field(default_factory=threading.Lock)  # is taken once, and never released

    def run(self) -> None:
        """Ask, compare, count, and keep what differs. A demotion since the request has ended it."""
        self._begun = time.perf_counter()
        try:
            if not self.is_wanted():
                self.skip()
                return
            with translation.override(self._language), timezone.override(self._zone):
                milliseconds, found, kind = self._compared()
        except (NotComparable, OperationalError) as error:  # a lock of others, or a database that is away, too
            logger.debug("An answer could not be compared: %s", told(error))
            self.skip()
            return
        except Exception as error:  # noqa: BLE001 (in what the move itself does, such as putting something back)
            logger.error("An answer could not be compared: %s", told(error))
            self.skip()
            return
        if self._count(kind, milliseconds):
            store.keep(self.move, self.endpoint, found)

    def fail(self) -> bool:
        """Count it as failed: it takes too long. What comes of it later is not counted. No query.

        Return ``False`` where it was counted already.
        """
        return self._count(Kind.SHADOW_FAILED, (time.perf_counter() - self._begun) * 1000)

    def keep_failure(self) -> None:
        """Keep that it took too long."""
        store.keep(self.move, self.endpoint, [NOT_IN_TIME])

    def skip(self) -> None:
        """Count it as not compared. No query."""
        self._count(Kind.SKIPPED, 0)

    def _count(self, kind: Kind, milliseconds: float) -> bool:
        if not self._counted.acquire(blocking=False):
            return False
        counter.add(self.move, self.way, self.endpoint, kind, milliseconds)
        return True

    def _compared(self) -> tuple[float, list[Found], Kind]:
        caller_had = self._answered()
        if caller_had.body is None:
            return self._ask_both(caller_had, Kind.SAME)
        with rolled_back():
            new, milliseconds = self._ask_as_before(1)
        found = compare(caller_had, new, self.rules)
        if _failed(new) and not _failed(caller_had):
            return milliseconds, found, Kind.SHADOW_FAILED
        if found:
            return self._ask_both(caller_had, Kind.UNSETTLED)
        return milliseconds, found, _only_if_read(Kind.SAME, new)

    def _ask_both(self, caller_had: Answer, alike: Kind) -> tuple[float, list[Found], Kind]:
        with rolled_back(snapshot=True):
            old, _ = self._ask_and_undo(0)
            new, milliseconds = self._ask_and_undo(1)
        found = compare(old, new, self.rules)
        if _failed(old) and not _failed(caller_had):
            raise NotComparable("the old way fails when it is asked again")
        if _failed(new) and not _failed(old):
            return milliseconds, found, Kind.SHADOW_FAILED
        if found:
            return milliseconds, found, Kind.DIFFERENT
        return milliseconds, found, _only_if_read(alike, old, new)

    def _answered(self) -> Answer:
        if isinstance(self.old, Answer):
            return self.old
        return answer_to(self.old, self._copy())

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
        request = self._copy()
        begun = time.perf_counter()
        return ask(self.views[number], request), (time.perf_counter() - begun) * 1000

    def _copy(self) -> HttpRequest:
        request = copied(self.request)
        if request is None:
            raise NotComparable("the request cannot be asked again")
        return request


def _failed(answer: Answer) -> bool:
    return bool(answer.failure) or answer.status >= 500


def _only_if_read(kind: Kind, *answers: Answer) -> Kind:
    """This kind, where the bodies are known; answers of which one is too long were not compared."""
    return Kind.SKIPPED if any(one.body is None for one in answers) else kind
