"""What is said to a listener, and when: the same for every transport, without doing any input or output itself.

``conversation`` is a generator of steps. A driver (two in realtime/transports/sse.py, one in realtime/transports/websocket.py) carries each
step out in its own way, blocking or awaiting, and sends back the result. That keeps order, replay, state, heartbeat and
the end of a session in one place for WSGI, ASGI and WebSocket.
"""

import time
from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings

from ..access.audience import may_see
from ..access.authority import Viewer
from ..log import replay
from ..log.events import to_json
from ..log.replay import NO_EVENTS, Batch, Stretch
from .hub import Hub
from .snapshots import State, Want
from .subscriber import Listener

STATE_SECONDS = 1.0  # the least time between two frames of the same state
AHEAD_SECONDS = 0.05  # for so long events go ahead of a state that has yet to be read
BATCH = 500  # events in one write
NEVER = float("inf")


class Send(NamedTuple):
    """Send these events, then these frames without id; ``cursor`` is where the listener stands afterwards.

    With neither, it is a heartbeat. ``last``: nothing follows.
    """

    cursor: int
    events: Batch = NO_EVENTS
    states: tuple[str, ...] = ()
    last: bool = False


class Read(NamedTuple):
    """Read from the database, elsewhere; the result is what ``read`` returns. Equal keys may share a reading."""

    key: Hashable
    read: Callable[[], Any]


class Wait(NamedTuple):
    """Wait until the hub has news since version ``seen``, or until that moment (``time.monotonic``)."""

    seen: int
    until: float


Step = Send | Read | Wait


@dataclass(slots=True)
class _Pending:
    """What of a state has changed and is not shown yet."""

    state: State
    subjects: set[Hashable] = field(default_factory=set)
    not_before: float = 0.0


def conversation(hub: Hub, listener: Listener) -> Generator[Step, Any, None]:
    """All that is said to one listener, from the first frame to the last.

    A driver that cannot carry out a step closes the connection; the listener comes back with its cursor.
    """
    subscription, heartbeat = listener.subscription, settings.SSE_HEARTBEAT_SECONDS
    pending = [_Pending(state) for state in subscription.states]
    spoke = time.monotonic()
    everything = True  # the state of all there is, on connect and after a reset
    next_state = NEVER  # when what has changed of a state may be shown
    standing, known = "", None
    ahead_until = NEVER  # while events go ahead of the state that they changed
    read_now = False  # they have done so for long enough
    while True:
        seen = hub.version
        if listener.reset:
            yield Send(listener.cursor, states=(to_json({"type": "reset", "reason": listener.reset}),))
            listener.reset, everything = "", True
        stretch = hub.after(listener.cursor)
        if stretch is None:  # behind what this process keeps at hand
            stretch, reached = yield from _page(hub, listener)
        else:
            stretch = stretch.beginning(BATCH)
            reached = stretch[-1].id if stretch else listener.cursor
        # Asked after the frames were taken: the tail acts on a change of authority before it hands out the events
        # that follow it, so this answer is never older than they are.
        viewer = hub.viewer(listener.user_id)
        if viewer is None or viewer is not known or listener.session_over:  # the same person has the same rights
            reason = listener.ended(viewer)
            if reason or viewer is None:
                yield Send(listener.cursor, states=(to_json({"type": "error", "message": reason}),), last=True)
                return
        if hub.closing:
            yield Send(listener.cursor, last=True)
            return
        moved, listener.cursor = listener.cursor != reached, reached
        share = subscription.share(stretch, viewer)
        for number, subjects in share.changed:
            waiting = pending[number]
            waiting.subjects |= subjects
            next_state = min(next_state, waiting.not_before)
        now = time.monotonic()
        due = _due(listener, viewer, pending, everything) if everything or next_state <= now else ()
        if due and share.events and not (read_now or share.over or all(_at_hand(hub, want) for _, want in due)):
            # What happened does not wait for what it changed to be read, and all who listen are told of it before.
            # Everything is asked anew then, rights too.
            yield Send(listener.cursor, share.events)
            spoke, ahead_until = now, min(ahead_until, now + AHEAD_SECONDS)
            read_now = now >= ahead_until or reached < hub.cursor
            if not read_now:
                yield Wait(seen, ahead_until)
            continue
        ahead_until, read_now = NEVER, False
        states: list[str] = _flashes(hub, listener, viewer) if hub.flashed > listener.flashed else []
        if due:
            for waiting, want in due:
                # Asked for now and not before: what is asked for must be read, since others add to it until then.
                reading = hub.shelf.reading(want)
                waiting.subjects.clear()
                waiting.not_before = time.monotonic() + STATE_SECONDS
                states += yield Read(reading.key, reading)
            now = time.monotonic()
            next_state = min((waiting.not_before for waiting in pending if waiting.subjects), default=NEVER)
        if viewer is not known:  # told anew after every change of authority: most often it is the same person as before
            before, known, standing = standing, viewer, subscription.standing(viewer)
            if standing != before:
                states.append(standing)
        opening, everything = everything, False
        if share.over:
            gone = to_json({"type": "error", "message": "gone"})
            yield Send(listener.cursor, share.events, (*states, gone), last=True)
            return
        if share.events or states or opening or now - spoke >= heartbeat:
            yield Send(listener.cursor, share.events, tuple(states))
            spoke = now
        # Nothing more lies ready; what comes from now on, the wait notices.
        if not listener.reset and (not moved or reached >= hub.cursor):
            yield Wait(seen, min(spoke + heartbeat, next_state))


def _page(hub: Hub, listener: Listener) -> Generator[Step, Any, tuple[Stretch, int]]:
    """Events of the log after the listener's cursor, for whomever they are, and the cursor behind them."""
    number = replay.page_of(listener.cursor)
    last = min((number + 1) * replay.PAGE, hub.cursor)
    page = yield Read(("page", number, last), partial(replay.page, number, last))
    if page.pruned_to > listener.cursor:  # pruned while it was being read
        listener.reset = replay.TOO_OLD
        return Stretch(), hub.cursor
    return page.after(listener.cursor), last


def _flashes(hub: Hub, listener: Listener, viewer: Viewer) -> list[str]:
    """The passing messages that this listener may see."""
    flashes, listener.flashed = hub.flashes_after(listener.flashed), hub.flashed
    topics = listener.subscription.topics
    return [flash.json for flash in flashes if flash.topic in topics and may_see(viewer.keys, flash.audience)]


def _due(listener: Listener, viewer: Viewer, pending: list[_Pending], everything: bool) -> list[tuple[_Pending, Want]]:
    """What may be shown now of the states: everything, or what has changed."""
    due: list[tuple[_Pending, Want]] = []
    # Nobody is shown a state older than their cursor, or than the log was when they came: another process may have
    # written what the tail of this one has yet to read.
    since = max(listener.cursor, listener.came_at)
    for waiting in pending:
        opening = everything and waiting.state.opens
        if opening or (waiting.subjects and time.monotonic() >= waiting.not_before):
            subjects = None if opening else frozenset(waiting.subjects)
            due.append((waiting, Want(waiting.state, viewer, subjects, since)))
    return due


def _at_hand(hub: Hub, want: Want) -> bool:
    """Whether somebody else's reading, done already, shows this."""
    reading = hub.shelf.find(want)
    return reading is not None and hub.reader.has(reading.key)
