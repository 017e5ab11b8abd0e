"""The thread of this process that numbers events, so that no request waits for it and none fails by it.

A commit that wrote events requests it, as do readers that find events without a place. The thread has a connection of
its own. Whatever happens to it, the change is committed, and the next look at the log by any process numbers its
events.
"""

import atexit
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db import connection
from django.db.utils import DatabaseError, InterfaceError

from . import numbering, numbering_postgresql
from .models import Event
from .numbering import Outcome

logger = logging.getLogger(__name__)

EXIT_SECONDS = 1.0  # how long a process that ends waits for what it has requested
QUEUE_SECONDS = 1.0  # after which a process queues for the lock, when what it left to others is still not numbered
ADVANCE_SECONDS = 1.0  # between two attempts to move the beginning of the scan
IDLE_SECONDS = 2.0  # after which the thread gives its connection back
# While other processes number, this one need not try at every commit: whoever holds the lock finds its events, too.
FIRST_REST, LONGEST_REST = 0.005, 0.25  # seconds
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds between two rounds that fail

Wake = Callable[[], None]
Follower = Callable[[Sequence[Event]], None]


class _Left(NamedTuple):
    """The lowest row of the outbox that was left to another process, and since when (``time.monotonic``)."""

    lowest: int
    since: float


class Numberer:
    """Numbers on request, in one thread, which is started by the first request."""

    def __init__(self) -> None:
        self._wakes: list[Wake] = []
        self._followers: list[Follower] = []
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        """Begin without a thread, as a forked process does."""
        self._changed = threading.Condition()
        self._requested = 0  # the number of the newest request
        self._tried = 0  # every request up to this one has had a round of numbering that began after it
        self._served = 0  # and every request up to this one such a round after which nothing was left
        self._ending = False
        self._thread: threading.Thread | None = None
        self._next_advance = 0.0
        self._rest = 0.0  # seconds for which commits are left to the process that numbers
        self._rest_until = 0.0
        self._failed = False
        self._left: _Left | None = None

    def add_waker(self, wake: Wake) -> None:
        """Call ``wake`` when there may be new events in the log, also such as another process numbers just now.

        It must return at once and must not raise.
        """
        self._wakes.append(wake)

    def add_follower(self, follower: Follower) -> None:
        """Call ``follower`` with the events that this process has numbered, as they are read back from the log.

        It is called in the thread (on SQLite in the committing one), and must return at once.
        """
        self._followers.append(follower)

    def request(self, *, urgent: bool = False) -> int:
        """Number soon. Return at once, with the number of this request.

        ``urgent``: somebody waits for it, so do not leave it to another process that was numbering just now.
        """
        with self._changed:
            self._requested += 1
            if urgent:
                self._rest_until = 0.0
            if self._thread is None:
                self._ending = False
                thread = threading.Thread(target=self._run, name="realtime-numbering", daemon=True)
                thread.start()
                self._thread = thread  # not before: where no thread can be started, the next request tries again
            if not self._resting():  # else the thread looks by itself when its rest is over
                self._changed.notify_all()
            return self._requested

    def wait(self, request: int, seconds: float) -> bool:
        """Block until a round of numbering that began after ``request`` is over, for at most so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._tried >= request, seconds)

    def numbered(self, ids: Sequence[int]) -> None:
        """Events have got their places, and that is committed."""
        if not ids:
            return
        self._wake()
        if self._followers:
            rows = list(Event.objects.filter(id__in=ids).order_by("id"))
            for follower in self._followers:
                follower(rows)

    def _wake(self) -> None:
        for wake in self._wakes:
            wake()

    def stop(self, seconds: float = EXIT_SECONDS) -> None:
        """Finish what was requested, for at most so many seconds, and end the thread.

        A later request starts another.
        """
        with self._changed:
            thread, self._ending = self._thread, True
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)

    def _run(self) -> None:
        try:
            while self._next_round():
                pass
        finally:
            with self._changed:
                self._forget(threading.current_thread())
            connection.close()

    def _forget(self, thread: threading.Thread) -> None:
        """The thread ends: the next request starts another. Called with the lock, so that no request is lost."""
        if self._thread is thread:
            self._thread = None

    def _next_round(self) -> bool:
        """Wait for a request, and number. Return ``False`` when the thread is to end."""
        with self._changed:
            while self._requested <= self._served or self._resting():
                if self._ending:
                    self._forget(threading.current_thread())
                    return False
                if self._resting():  # also without a request: one that comes meanwhile does not notify
                    self._changed.wait(max(0.0, self._rest_until - time.monotonic()))
                elif not self._changed.wait(IDLE_SECONDS if connection.connection is not None else None):
                    connection.close()
            request = self._requested
        nothing_left = self._round()
        with self._changed:
            self._tried = request
            if nothing_left:
                self._served = request
            self._changed.notify_all()
            if nothing_left or not self._ending:
                return True
            self._forget(threading.current_thread())
            return False

    def _resting(self) -> bool:
        return not self._ending and time.monotonic() < self._rest_until

    def _round(self) -> bool:
        """Number. Return whether everything that was committed before has its place."""
        try:
            queue = self._left is not None and time.monotonic() - self._left.since > QUEUE_SECONDS
            result = numbering.number(self.numbered, queue=queue)
            nothing_left = result.outcome is Outcome.DONE or self._leave_to_others()
            if nothing_left:
                self._left = None
            if result.outcome is Outcome.DONE:
                self._rest = 0.0
            if result.scan_lags and time.monotonic() >= self._next_advance:
                self._next_advance = time.monotonic() + ADVANCE_SECONDS
                numbering_postgresql.advance_scan()
            if self._failed and (nothing_left or result.ids):  # a lock that is taken proves nothing
                logger.info("Events can be numbered again.")
                self._failed = False
            return nothing_left
        except (DatabaseError, InterfaceError) as error:
            self._fail()
            if not self._failed:
                logger.warning("Events cannot be numbered, the next look at the log tries again: %s", error)
            self._failed = True
        except Exception:  # the thread serves every later request, too
            self._fail()
            logger.exception("Numbering events failed; the next look at the log tries again.")
        return False

    def _fail(self) -> None:
        connection.close()
        self._rest = min(LONGEST_PAUSE, 2 * self._rest or FIRST_PAUSE)
        self._rest_until = time.monotonic() + random.uniform(0.5, 1.0) * self._rest

    def _leave_to_others(self) -> bool:
        """Another process numbers. Its next look finds what was committed before. Return whether it has already."""
        lowest, now = numbering.lowest_pending(), time.monotonic()
        self._rest = min(LONGEST_REST, 2 * self._rest or FIRST_REST)
        self._rest_until = now + random.uniform(0.5, 1.0) * self._rest
        if lowest is None:
            return True
        if self._left is None or self._left.lowest != lowest:
            self._left = _Left(lowest, now)
            self._wake()
        return False


numberer = Numberer()
atexit.register(numberer.stop)
