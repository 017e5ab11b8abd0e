"""What one connection is sent, and when: a sans-I/O protocol, the same for every transport.

``deliver`` is a generator of steps. Two drivers carry them out, one blocking (realtime/transports/sse.py, for threads)
and one in an event loop (realtime/delivery/driver.py), and send back the results. Order, replay, state, heartbeat and
the end of a session are so decided in one place for WSGI, ASGI and WebSocket. https://sans-io.readthedocs.io/
"""

import random
import time
from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings

from ..access.audience import may_see
from ..access.authority import Viewer
from ..log import replay
from ..log.epochs import History
from ..log.events import to_json
from ..log.replay import NO_EVENTS, LogSlice
from .hub import Hub
from .snapshots import Snapshot, SnapshotRequest, State
from .subscriber import Subscriber

AHEAD_SECONDS = 0.05  # for so long events are sent ahead of a state that has yet to be read
FEW = 200  # subscribers of a process; so many have been sent their events before the reader has read a state
TURN_SECONDS = 0.0001  # one subscriber's turn: for so long each, the reader waits for them
BATCH = 500  # events in one write
RESET_SECONDS = 0.005  # for each subscriber of the process: over this time resets are spread
LONGEST_SPREAD = 2.5  # seconds; a page gives a connection up that says nothing for 3.5 at its beginning
NEVER = float("inf")
GONE = "gone"


class Send(NamedTuple):
    """Send these events, then these frames without id. ``cursor`` is the subscriber's cursor afterwards.

    Without either it is a heartbeat. ``beat``: a heartbeat is due, whatever else is sent. ``last``: nothing follows,
    for the reason ``ending``, if there is one that concerns the client.
    """

    cursor: int
    events: LogSlice = NO_EVENTS
    states: tuple[str, ...] = ()
    last: bool = False
    beat: bool = False
    ending: str = ""


class Read(NamedTuple):
    """Call ``read`` in a reader thread and send back its result. Steps with equal keys may share one call."""

    key: Hashable
    read: Callable[[], Any]


class Wait(NamedTuple):
    """Wait until the hub's version is no longer ``seen``, or until that moment (``time.monotonic``)."""

    seen: int
    until: float


Step = Send | Read | Wait


@dataclass(slots=True)
class _Pending:
    """The subjects of a state that have changed and have not been shown yet."""

    state: State
    subjects: set[Hashable] = field(default_factory=set)
    not_before: float = 0.0


def deliver(hub: Hub, subscriber: Subscriber) -> Generator[Step, Any, None]:
    """Everything that one subscriber is sent, from the first frame to the last.

    A driver that cannot carry out a step closes the connection; the client comes back with its cursor.
    """
    subscription = subscriber.subscription
    heartbeat = subscriber.heartbeat or settings.SSE_HEARTBEAT_SECONDS
    pending = [_Pending(state) for state in subscription.states]
    own_clock = subscriber.heartbeat is not None  # heartbeats are sent whatever else is
    beat_from = time.monotonic()
    whole = True  # the whole state is due: on connect and after a reset
    next_state = NEVER  # when a changed state may be shown
    viewer_frame, known = "", None
    ahead_until = NEVER  # until then events are sent ahead of the state that they changed
    read_now = False  # they have been sent ahead for long enough
    turns = 0.0  # seconds until the others have been sent them as well
    yield from _await_history(hub, subscriber, heartbeat)
    while True:
        # In this order: the history is then never older than what the hub has read by it.
        seen, newest, history = hub.version, hub.cursor, hub.history
        if history.is_lost(subscriber.cursor):
            subscriber.reset, subscriber.cursor = replay.LOST, newest
        if subscriber.reset:
            yield from _await_turn(hub)
            subscriber.cursor = max(subscriber.cursor, hub.cursor)  # what it did not get meanwhile it loads
            yield Send(subscriber.cursor, states=(to_json({"type": "reset", "reason": subscriber.reset}),))
            subscriber.states_from = max(subscriber.states_from, hub.history_from)
            subscriber.reset, whole = "", True
            continue
        events = hub.after(subscriber.cursor)
        if events is None:  # the subscriber is behind the ring of this process
            events, reached = yield from _page(subscriber, newest, history)
            if subscriber.reset:
                continue
        else:
            events = events.first(BATCH)
            reached = events[-1].id if events else subscriber.cursor
        # Asked after the events were taken: the tail applies a change of authority before it hands out the events that
        # follow it, so the viewer is never older than the events.
        viewer = hub.viewer(subscriber.user_id)
        if viewer is None or viewer is not known or subscriber.session_over or subscriber.replaced:
            # An unchanged viewer has unchanged rights.
            reason = subscriber.ended(viewer)
            if reason or viewer is None:
                error = to_json({"type": "error", "message": reason})
                yield Send(subscriber.cursor, states=(error,), last=True, ending=reason)
                return
        if hub.closing or hub.out_of_range:
            yield Send(subscriber.cursor, last=True)
            return
        moved, subscriber.cursor = subscriber.cursor != reached, reached
        selection = subscription.select(events, viewer)
        for number, subjects in selection.changed:
            changed = pending[number]
            changed.subjects |= subjects
            next_state = min(next_state, changed.not_before)
        now = time.monotonic()
        due = _due(subscriber, viewer, pending, whole) if whole or next_state <= now else ()
        if due and selection.events and not (read_now or selection.ends or all(_at_hand(hub, one) for _, one in due)):
            # Events do not wait until the state that they change has been read. They are sent to every subscriber
            # first; then everything is asked anew, the viewer's rights included.
            yield Send(subscriber.cursor, selection.events)
            beat_from = beat_from if own_clock else now
            ahead_until = min(ahead_until, now + AHEAD_SECONDS)
            # Among few, the reader waits for the others' turns, instead of each of them, who would be woken once more.
            turns = hub.subscribers() * TURN_SECONDS if hub.subscribers() <= FEW else 0.0
            read_now = now >= ahead_until or reached < hub.cursor or turns > 0.0
            if not read_now:
                yield Wait(seen, ahead_until)
            continue
        begin_at, turns = now + turns, 0.0
        ahead_until, read_now = NEVER, False
        states = _ephemerals(hub, subscriber, viewer) if hub.ephemerals.count > subscriber.ephemeral_count else []
        if due:
            for shown, request in due:
                # Requested now and not earlier: a requested snapshot must be read, since others add to it until then.
                snapshot = hub.snapshots.request(request)
                shown.subjects.clear()
                shown.not_before = time.monotonic() + shown.state.pace()
                states += yield Read(snapshot.key, partial(_read_at, begin_at, snapshot))
            now = time.monotonic()
            next_state = min((state.not_before for state in pending if state.subjects), default=NEVER)
        if viewer is not known:  # read anew after every change of authority, which most often changes nothing here
            before, known, viewer_frame = viewer_frame, viewer, subscription.viewer_frame(viewer)
            if viewer_frame != before:
                states.append(viewer_frame)
        opening, whole = whole, False
        if selection.ends:
            gone = to_json({"type": "error", "message": GONE})
            yield Send(subscriber.cursor, selection.events, (*states, gone), last=True, ending=GONE)
            return
        beat = now - beat_from >= heartbeat
        if selection.events or states or opening or beat:
            yield Send(subscriber.cursor, selection.events, tuple(states), beat=beat)
            beat_from = beat_from if own_clock and not beat else now
        # Wait only where nothing is left to read; the wait ends at once if something has come meanwhile.
        if not subscriber.reset and (not moved or reached >= hub.cursor):
            yield Wait(seen, min(beat_from + heartbeat, next_state))


def _await_history(hub: Hub, subscriber: Subscriber, heartbeat: float) -> Generator[Step, Any, None]:
    """Wait until the tail of this process knows the history by which the subscriber's cursor was found valid."""
    seen = hub.version
    while hub.history.begins < subscriber.history and not hub.closing:
        hub.wake()
        yield Wait(seen, time.monotonic() + heartbeat)
        if hub.version == seen and not subscriber.reset:  # a client that is to reset must not take this cursor before
            yield Send(subscriber.cursor, beat=True)
        seen = hub.version


def _await_turn(hub: Hub) -> Generator[Step, Any, None]:
    """Wait for a moment of this subscriber's own: thousands that reset at once would all load their pages at once."""
    due = time.monotonic() + random.uniform(0, min(LONGEST_SPREAD, RESET_SECONDS * hub.subscribers()))
    while time.monotonic() < due and not hub.closing:
        yield Wait(hub.version, due)


def _page(subscriber: Subscriber, newest: int, history: History) -> Generator[Step, Any, tuple[LogSlice, int]]:
    """The next page of the log after the subscriber's cursor, not filtered by audience, and the cursor behind it.

    ``newest``: where the hub stood when it had this history. A page that was read in another history is another page.
    """
    subscriber.cursor = history.skip(subscriber.cursor)
    number = replay.page_of(subscriber.cursor)
    last = min((number + 1) * replay.PAGE, newest)
    page = yield Read(("page", history.begins, number, last), partial(replay.page, number, last))
    if page.pruned_to > subscriber.cursor:  # pruned while it was being read
        subscriber.reset = replay.TOO_OLD
        return NO_EVENTS, newest
    return page.after(subscriber.cursor), history.skip(last)


def _ephemerals(hub: Hub, subscriber: Subscriber, viewer: Viewer) -> list[str]:
    """The ephemeral messages that have come for this subscriber."""
    messages, subscriber.ephemeral_count = hub.ephemerals.after(subscriber.ephemeral_count), hub.ephemerals.count
    topics = subscriber.subscription.topics
    return [one.json for one in messages if one.topic in topics and may_see(viewer.keys, one.audience)]


def _due(
    subscriber: Subscriber, viewer: Viewer, pending: list[_Pending], whole: bool
) -> list[tuple[_Pending, SnapshotRequest]]:
    """The states that may be shown now, each with its request: whole, or the subjects that have changed."""
    due: list[tuple[_Pending, SnapshotRequest]] = []
    # Nobody is shown a state older than their cursor, or than the log was when they connected: another process may have
    # written what the tail of this process has yet to read.
    since = max(subscriber.cursor, subscriber.head_at_connect)
    for state in pending:
        opens = whole and state.state.opens
        if opens or (state.subjects and time.monotonic() >= state.not_before):
            subjects = None if opens else frozenset(state.subjects)
            due.append((state, SnapshotRequest(state.state, viewer, subjects, since, subscriber.states_from)))
    return due


def _read_at(moment: float, snapshot: Snapshot) -> list[str]:
    """Read a snapshot, but not before this moment (``time.monotonic``). For a reader thread."""
    left = moment - time.monotonic()
    if left > 0:
        time.sleep(left)
    return snapshot()


def _at_hand(hub: Hub, request: SnapshotRequest) -> bool:
    """Whether a snapshot that has been read already serves this request."""
    snapshot = hub.snapshots.find(request)
    return snapshot is not None and hub.reader.has(snapshot.key)
