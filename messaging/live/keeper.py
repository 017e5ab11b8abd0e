"""The thread of a server process that keeps presence: it looks who is connected, and tells the others.

It runs while there are connections. People are looked up in the memory of the process; the database is written to when
somebody comes or goes, and once per beat.
"""

import logging
import threading
import time
from collections.abc import Callable

from django.db import Error, connection

from realtime.access.user_ids import UserId
from realtime.delivery.hub import hub

from .presence import PresenceStore

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5  # between two looks at who is connected
BEAT_SECONDS = 2.0  # between two renewals; a third of ALIVE_SECONDS
GRACE_SECONDS = 3.0  # for so long somebody without a connection is not gone: a page is loading
POLL_SECONDS = 40.0  # for so long somebody who polls is there
AT_ONCE = 100  # people who come or go in one transaction


class PresenceKeeper:
    """Keeps the presence of those who are connected to this process."""

    def __init__(
        self,
        connected: Callable[[], set[UserId]],
        store: PresenceStore | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``connected`` returns the people who have a connection to this process now."""
        self._connected, self._now = connected, now
        self.store = store or PresenceStore()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._told: set[UserId] = set()  # those who are here, as far as the database knows
        self._without: dict[UserId, float] = {}  # since when they have no connection
        self._polled: dict[UserId, float] = {}  # until when they are here, since they polled
        self._next_beat = 0.0

    def start(self) -> None:
        """Keep presence while there is somebody. Calling it twice is harmless."""
        with self._lock:
            if self._thread is None and not hub.closing:
                self._thread = threading.Thread(target=self._run, name="messaging-presence", daemon=True)
                self._thread.start()

    def polled(self, person_id: UserId) -> None:
        """Note that somebody without a lasting connection has asked for news: they are here for ``POLL_SECONDS``."""
        with self._lock:
            self._polled[person_id] = self._now() + POLL_SECONDS
        self.start()

    def turn(self) -> bool:
        """Look once, and tell what is new. Return whether there is anybody to look after."""
        here, now = self._here(), self._now()
        left = self._gone(here, now)
        arrived = sorted(here - self._told, key=str)[:AT_ONCE]
        if arrived or left:
            self.store.change(arrived, left)
            self._told |= set(arrived)
            self._told -= set(left)
            if arrived:
                self._next_beat = now + BEAT_SECONDS  # who comes renews the row, too
        if self._told and now >= self._next_beat:
            self._next_beat = now + BEAT_SECONDS
            known, others_died = self.store.renew()
            if not known:  # this process was taken for dead, and all who are here have been told to be gone
                self._told.clear()
                return True
            if others_died:
                self.store.clear_dead()
        return bool(here or self._told)

    def _here(self) -> set[UserId]:
        with self._lock:
            now = self._now()
            self._polled = {one: until for one, until in self._polled.items() if until > now}
            return self._connected() | self._polled.keys()

    def _gone(self, here: set[UserId], now: float) -> list[UserId]:
        """Those who have been without a connection for long enough."""
        self._without = {one: self._without.get(one, now) for one in self._told - here}
        return [one for one, since in self._without.items() if now - since >= GRACE_SECONDS][:AT_ONCE]

    def _run(self) -> None:
        """Look until there is nobody. Whatever ends the thread, the next person who comes starts another one."""
        try:
            self._look()
        finally:
            connection.close()
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _look(self) -> None:
        failed = False
        while not hub.closing:  # then the row lives on for a moment, in which the people come back to another process
            try:
                goes_on = self.turn()
                if not goes_on:
                    self.store.leave()
                failed = False
            except Error as error:
                if not failed:  # the hub says when the database is back
                    logger.warning("This process cannot say who is online: %s", str(error).strip())
                failed, goes_on = True, True
                connection.close()
            if not goes_on and self._rests():
                break
            hub.wait_for_end(LOOK_SECONDS)

    def _rests(self) -> bool:
        """End the thread, unless somebody has come meanwhile."""
        with self._lock:
            if self._connected() or self._polled:
                return False
            self._thread = None
            return True


keeper = PresenceKeeper(lambda: hub.user_ids())  # looked up each time, since tests replace it
