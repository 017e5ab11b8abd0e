"""The hub of a process: its tail thread reads each new event once and wakes the subscribers.

A subscriber holds only a cursor. The newest events lie in one ring buffer that all subscribers read from, so no queue
grows for a slow one. A subscriber that falls behind the ring reads on from the log (realtime/log/replay.py). Without
subscribers the tail rests and sends no query.
"""

import asyncio
import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from ..access import authority, credentials
from ..access.audience import may_see
from ..access.authority import Viewer
from ..access.credentials import SESSION
from ..access.outsiders import Outsider
from ..access.user_ids import UserId, all_of_json
from ..log import position
from ..log.epochs import NO_HISTORY, History
from ..log.events import CATALOGUE, CredentialEnded, EventType, SessionEnded, ViewersChanged
from ..log.numberer import numberer
from ..log.place_range import OutOfRange
from ..log.replay import Frame, LogSlice
from .database_file import DatabaseFile
from .ephemeral import EphemeralMessage, EphemeralMessages
from .follower import LogFollower
from .reader import Reader
from .ring import Ring
from .snapshots import SnapshotCache
from .staggered import StaggeredCondition
from .subscriber import Subscriber
from .wait_queue import Waiter, WaitQueue

logger = logging.getLogger(__name__)

FIRST_RETRY = 0.005  # seconds until the next look while events wait for their places; then twice as long each time
LONGEST_RETRY = 0.25
TAIL_SECONDS = 1.5  # how soon an event that another process wrote is found at the latest
FILE_SECONDS = 0.05  # between two looks at the file of an SQLite database
PACE_SECONDS = 0.00002  # between two looks at the log, for each subscriber: what comes meanwhile goes out in one write
LONGEST_PACE = 0.1  # seconds, however many subscribers there are
SWEEP_SECONDS = 15.0  # how soon a change of authority is found for which no signal was sent
BATCH = 500  # events that the tail reads in one query


class TooManyOfOne(Exception):
    """One person has as many connections open in this process as they may (``STREAMS_PER_PERSON``)."""


class Hub:
    """The tail of the log in this process, and its subscribers."""

    def __init__(self) -> None:
        self.reader = Reader()
        self.snapshots = SnapshotCache(lambda: self.cursor)
        self.closing = False
        self.out_of_range = False  # the log cannot be served: every connection ends, and comes back
        self.version = 0  # grows whenever subscribers have something to look at
        self.history = NO_HISTORY
        self.history_from = 0.0  # the moment (time.monotonic) since which it is this one
        self._follower = LogFollower()
        self._retry = 0.0  # seconds until the tail looks again for events that another process is numbering
        self._ring = Ring()
        self.ephemerals = EphemeralMessages()
        self._lock = threading.Lock()
        self._changed = StaggeredCondition(self._lock)
        self._work = threading.Event()
        self._reading = False  # the tail polls the log; while it rests, a new subscriber must wake it
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._subscribers: dict[int, Subscriber] = {}
        self._present: Counter[UserId] = Counter()  # how many of them are a user's
        self._numbers = itertools.count()
        self.on_first_subscriber: list[Callable[[], None]] = []  # called when the process gets its first subscriber
        self.on_arrival: list[Callable[[], None]] = []  # called when somebody who had no subscriber here gets one
        self.observers: list[Callable[[list[Frame]], None]] = []  # see ``_observe``
        self._viewers: dict[UserId, tuple[int, Viewer | None]] = {}  # with the number of the query that returned them
        self._readings = itertools.count(1)
        self._loops: dict[asyncio.AbstractEventLoop, WaitQueue] = {}

    # --- subscribers --------------------------------------------------------------------------------------------

    def attach(self, subscriber: Subscriber) -> int:
        """Add a subscriber. Return the number to detach it with. Raises TooManyOfOne.

        Authority is read after the subscriber is registered: a change of it is then either in what is read, or still to
        come through the log.
        """
        number = next(self._numbers)
        subscriber.ephemeral_count = self.ephemerals.count
        with self._lock:
            if self._present[subscriber.user_id] >= settings.STREAMS_PER_PERSON:
                raise TooManyOfOne
            self._subscribers[number] = subscriber
            self._present[subscriber.user_id] += 1
            arrives = self._present[subscriber.user_id] == 1
            resting = not self._reading
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="realtime-tail", daemon=True)
                self._thread.start()
        try:
            if arrives:  # not with the lock held: whoever is called may ask who is connected
                for tell in self.on_arrival:
                    tell()
            if self._refresh({subscriber.user_id}):
                self._notify()  # the user's other connections
            if not credentials.is_living(subscriber.credential):
                subscriber.session_over = True
        except BaseException:
            self.detach(number)
            raise
        if resting:
            self._work.set()
        if subscriber.most and self._present[subscriber.user_id] > subscriber.most:
            self._replace_oldest(subscriber)
        return number

    def _replace_oldest(self, newest: Subscriber) -> None:
        """Mark the connections that one person has too many at a door, the oldest first. They end."""
        with self._lock:  # numbers grow, so the registry is in the order in which they came
            theirs = [
                one
                for one in self._subscribers.values()
                if one.user_id == newest.user_id and one.door == newest.door and not one.replaced
            ]
        for one in theirs[: max(0, len(theirs) - newest.most)]:
            one.replaced = True
        self._notify()

    def detach(self, number: int) -> None:
        """Remove a subscriber. Calling it twice is harmless."""
        with self._lock:
            gone = self._subscribers.pop(number, None)
            if gone is None:
                return
            self._present[gone.user_id] -= 1
            if not self._present[gone.user_id]:
                del self._present[gone.user_id]
                self._viewers.pop(gone.user_id, None)

    def viewer(self, user_id: UserId) -> Viewer | None:
        """What this person may see right now; ``None`` when the account is disabled or gone."""
        known = self._viewers.get(user_id)
        return known[1] if known else None

    def subscribers(self) -> int:
        """The number of subscribers of this process."""
        return len(self._subscribers)

    # --- what they get ------------------------------------------------------------------------------------------

    @property
    def cursor(self) -> int:
        """The id up to which this process has read the log."""
        return self._ring.cursor

    def after(self, cursor: int) -> LogSlice | None:
        """The events after a cursor that the ring holds, oldest first; ``None`` when it does not reach back so far."""
        return self._ring.after(cursor)

    def transports(self) -> list[str]:
        """The transport of each subscriber of this process."""
        return [subscriber.transport for subscriber in list(self._subscribers.values())]

    def user_ids(self) -> set[UserId]:
        """The users who are connected to this process and have an account."""
        with self._lock:
            return {one for one in self._present if not isinstance(one, Outsider)}

    def send_ephemeral(self, message: EphemeralMessage) -> None:
        """Send an ephemeral message to the subscribers of this process that may see it. Without any, wake nobody."""
        if self._anybody_may_see(message.audience):
            self.ephemerals.add(message)
            self._notify()

    def _anybody_may_see(self, keys: frozenset[str]) -> bool:
        with self._lock:
            known = [viewer for _, viewer in self._viewers.values()]
            if len(known) < len(self._present):  # somebody is just connecting
                return True
        return any(viewer is not None and may_see(viewer.keys, keys) for viewer in known)

    def wait(self, seen: int, seconds: float) -> None:
        """Block this thread until there is news since version ``seen``, or for so many seconds."""
        with self._changed:
            self._changed.wait_turn(lambda: self.version != seen, seconds)

    def waiter(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> Waiter:
        """A waiter for news in an event loop. One call into the loop wakes all of its waiters."""
        with self._lock:
            queue = self._loops.get(loop)
            if queue is None:
                queue = self._loops[loop] = WaitQueue(loop)
        return queue.waiter(callback)

    def wait_for_news(self, waiter: Waiter, seen: int, until: float) -> bool:
        """Have the waiter's callback called at the first news since version ``seen``, or at ``until``.

        ``until`` is a moment (``time.monotonic``). Return ``False`` when there is news already: nothing is called then.
        """
        waiter.wait(until)  # first wait, then compare: ``_notify`` does it the other way round
        if self.version == seen:
            return True
        waiter.cancel()
        return False

    def pace(self) -> float:
        """Seconds between two looks at the log: with many subscribers, what comes meanwhile is sent together."""
        return min(LONGEST_PACE, PACE_SECONDS * len(self._subscribers))

    def wake(self) -> None:
        """Look at the log now: a transaction of this process has just committed events."""
        self._work.set()

    def close(self) -> None:
        """The server stops: every connection ends, and no new one is accepted. Calling it twice is harmless."""
        if not self.closing:  # a second signal may come in the middle of the first, and must not wait for its lock
            self.closing = True
            self._ended.set()
            self._notify()

    def wait_for_end(self, seconds: float) -> bool:
        """Block this thread until the server stops, or for so many seconds; whether it stops."""
        return self._ended.wait(seconds)

    def _notify(self) -> None:
        with self._changed:
            self.version += 1
            self._changed.start()
            self._loops = {loop: queue for loop, queue in self._loops.items() if not loop.is_closed()}
            to_wake = [(loop, queue) for loop, queue in self._loops.items() if queue]
        for loop, queue in to_wake:
            loop.call_soon_threadsafe(queue.wake)

    # --- the tail -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failed_since = None
        next_sweep = next_look = look_by = 0.0
        file = DatabaseFile()
        while not self.closing:
            self._rest(file)
            self._ended.wait(max(0.0, next_look - time.monotonic()))
            self._work.clear()
            try:
                if not self._subscribers:
                    connection.close()
                    self.out_of_range = False  # who comes next is refused by ``replay.start`` if it still is
                    continue
                if not self._reading:
                    for begin in self.on_first_subscriber:
                        begin()
                    at = position.read_numbered().in_range()
                    self._end_credentials()  # those that ended meanwhile, before any subscriber gets what followed
                    self._begin(at.newest, at.history)
                    self._reading, next_sweep = True, time.monotonic() + SWEEP_SECONDS
                before = self.cursor
                # In this order: what is committed from here on is noticed the next time.
                if file.committed() or self._retry or time.monotonic() >= look_by:
                    look_by = time.monotonic() + TAIL_SECONDS
                    while self._read_on():
                        pass
                if self.cursor != before:
                    next_look = time.monotonic() + self.pace()
                if time.monotonic() >= next_sweep:
                    self._sweep()
                    next_sweep = time.monotonic() + SWEEP_SECONDS
                self.out_of_range = False
                if failed_since is not None:
                    logger.info("The event log can be read again after %.1f s.", time.monotonic() - failed_since)
                    failed_since = None
            except Exception as error:
                # Streams stay open and nothing is lost: the tail goes on from what is in the ring once the database is
                # back, with what it may have read already, but has not handed out.
                self._follower.begin(self.cursor, self.history)
                self._retry = LONGEST_RETRY
                connection.close()
                if isinstance(error, OutOfRange):
                    self.out_of_range = True
                    self._notify()
                if failed_since is None:
                    failed_since = time.monotonic()
                    logger.warning("The event log cannot be read, trying on: %s", error, exc_info=True)

    def _rest(self, file: DatabaseFile) -> None:
        """Wait until there is work, until the database's file has been written to, or until the next look."""
        seconds = self._until_next_look()
        if seconds is None or not file:
            self._work.wait(seconds)
            return
        end = time.monotonic() + seconds
        while not self._work.wait(max(0.0, min(FILE_SECONDS, end - time.monotonic()))):
            if file.written() or time.monotonic() >= end:
                return

    def _until_next_look(self) -> float | None:
        """Seconds until the tail looks again by itself; ``None`` without subscribers: then it rests."""
        with self._lock:
            self._reading = self._reading and bool(self._subscribers)
            return (self._retry or TAIL_SECONDS) if self._subscribers else None

    def _begin(self, newest: int, history: History = NO_HISTORY) -> None:
        """Start at the present head of the log. Subscribers that attached just before start at or before this id."""
        self._follower.begin(newest, history)
        self._refresh(self.user_ids())
        self._empty_ring()
        self._notify()

    def _empty_ring(self) -> None:
        self._take_history()  # first: whoever reads the cursor before the history never has an older one
        self._ring.clear(self._follower.cursor)

    def _take_history(self) -> bool:
        """Know the history that the follower has read with. Return whether it is another one than before."""
        if self.history is self._follower.history:
            return False
        self.history, self.history_from = self._follower.history, time.monotonic()
        return True

    def _read_on(self) -> bool:
        """Read the next events into the ring. Return whether there may be more."""
        found = self._follower.read(BATCH)
        frames = found.frames
        if found.lost:
            self._refresh(self.user_ids())
            self._empty_ring()
            self._notify()
        elif self._take_history():
            self._notify()  # connections wait for it (``_await_history`` in realtime/delivery/protocol.py)
        if found.pending:
            numberer.request()
            self._retry = min(LONGEST_RETRY, 2 * self._retry or FIRST_RETRY)
        else:
            self._retry = 0.0
        if not frames:
            return False
        self._apply_authority(frames)
        self._ring.append(frames)
        self._observe(frames)
        self._notify()
        return len(frames) >= BATCH

    def _observe(self, frames: list[Frame]) -> None:
        """Show events to the observers, once in each process that has subscribers, before these are woken.

        So what an observer sends is never ahead of the events. It runs in the thread of the tail, and must neither
        block nor query.
        """
        for observer in self.observers:
            try:
                observer(frames)
            except Exception as error:  # noqa: BLE001 (an application's; the events are delivered all the same)
                logger.warning("An observer of events failed: %s: %s", type(error).__name__, error)

    # --- live authority -----------------------------------------------------------------------------------------

    def _apply_authority(self, frames: list[Frame]) -> None:
        """Apply the events that are for the servers, before any subscriber gets the events that came with them."""
        concerned: set[UserId] = set()
        ended: set[tuple[str, str]] = set()
        for frame in frames:
            if issubclass(CATALOGUE.get(frame.type, EventType), ViewersChanged):
                named = frame.fields.get("user_ids")
                concerned |= self.user_ids() if named is None else all_of_json(named)
            elif frame.type == SessionEnded.type:
                ended.add((SESSION, frame.fields["digest"]))
            elif frame.type == CredentialEnded.type:
                ended.add((frame.fields["kind"], frame.fields["digest"]))
        if concerned:
            self._refresh(concerned & self.user_ids())
        if ended:
            for subscriber in list(self._subscribers.values()):
                if (subscriber.credential.kind, subscriber.credential_digest) in ended:
                    subscriber.session_over = True

    def _refresh(self, user_ids: set[UserId]) -> bool:
        """Read again what these users may see. Return whether anything has changed.

        Of two concurrent queries, the one that began later counts.
        """
        if not user_ids:
            return False
        number, different = next(self._readings), False
        fresh = authority.load(user_ids)
        with self._lock:
            for user_id in user_ids & self._present.keys():  # but not of users who have left meanwhile
                before, known = self._viewers.get(user_id, (0, None))
                if before < number:
                    viewer = fresh.get(user_id)
                    # An unchanged viewer stays the same object, so that subscribers see with ``is`` that nothing
                    # changed.
                    same = viewer == known
                    self._viewers[user_id] = (number, known if same else viewer)
                    different = different or (before > 0 and not same)
        return different

    def _sweep(self) -> None:
        """Find changes that sent no signal: expired sessions, and changes made with SQL. Wake nobody without any."""
        ended = self._end_credentials()
        if self._refresh(self.user_ids()) or ended:
            self._notify()

    def _end_credentials(self) -> bool:
        """Mark the subscribers whose credential is over. Return whether there are any."""
        subscribers = list(self._subscribers.values())
        alive = credentials.living(subscriber.credential for subscriber in subscribers)
        ended = [one for one in subscribers if (one.credential.kind, one.credential.key) not in alive]
        for subscriber in ended:
            subscriber.session_over = True
        return bool(ended)


hub = Hub()
