"""Compares receipts with the log: missing, duplicate, out of order, late. Pure: no database, no clock.

A link is one attempt at one connection. Its user is owed every event of its topics that they may see, from the cursor
that it began with to the furthest cursor that it reported. A later event is owed, too, once the link has reported
cursors for ten more seconds without having delivered it. An owed event without a receipt is missing.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..access.audience import may_see
from ..access.user_ids import UserId
from ..log.epochs import NO_HISTORY, History

GRACE = timedelta(seconds=10)  # a link that reports a cursor so long after an event, without it, has missed it
ROUND = timedelta(seconds=15)  # tries of one browser that are so close together met the same server
NOTICED = timedelta(minutes=3)  # a browser that is awake notices within this time that a link has fallen silent
ASLEEP = "stale"  # why a link ends whose machine has slept, or whose network has changed
# These reasons do not concern the transport: the page was left, moved, suspended, or another user's.
NEUTRAL = frozenset({"stopped", "replaced", "told", ASLEEP, "signed-out", "other-user"})
AWAY = frozenset({"unreachable", "restart"})  # there was no server to connect to


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the log, with what decides to whom it is owed."""

    id: int
    at: datetime
    topic: str | None
    audience: frozenset[str]


class Arrival(NamedTuple):
    """An event that a link delivered. ``delay_ms`` since it was logged; ``None`` when not known.

    ``painted_ms``: the same until what it changed was on the screen.
    """

    event_id: int
    delay_ms: int | None
    painted_ms: int | None = None


@dataclass(slots=True)
class Link:
    """One attempt at one connection. ``arrivals`` are in the order of their arrival."""

    user_id: UserId
    transport: str
    opened_at: datetime
    shown: bool = True
    topics: frozenset[str] = frozenset()
    worked_at: datetime | None = None
    heard_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    cursor_from: int | None = None
    cursor_to: int | None = None
    dropped: int = 0
    refused: int = 0
    arrivals: Sequence[Arrival] = ()

    @property
    def failed(self) -> bool:
        """Whether it ended without ever having worked, and not on purpose."""
        return self.ended_at is not None and self.worked_at is None and self.reason not in NEUTRAL


@dataclass
class Tally:
    """The result of one transport. ``delays``: milliseconds, sorted, of events logged while their link was open.

    ``owed`` is the sum of ``arrived`` (on the link that owed them), ``elsewhere`` (on another link of the same user and
    transport) and ``missing``. ``delivered`` also counts what was not owed: events that came before their links had
    reported a cursor beyond them, or before a change of what their user may see. ``lost_history``: receipts for events
    of a history that was lost, which are not judged.
    ``paints``: the delays until what those events changed was on the screen, as far as browsers reported it.
    """

    tried: int = 0
    failed: int = 0
    away: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    owed: int = 0
    arrived: int = 0
    elsewhere: int = 0
    delivered: int = 0
    missing: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    late: int = 0
    caught_up: int = 0
    dropped: int = 0
    refused: int = 0
    lost_history: int = 0
    people: set[UserId] = field(default_factory=set)
    failed_for: set[UserId] = field(default_factory=set)
    missed_by: set[UserId] = field(default_factory=set)
    late_for: set[UserId] = field(default_factory=set)
    unjudged: set[UserId] = field(default_factory=set)
    delays: list[int] = field(default_factory=list)
    paints: list[int] = field(default_factory=list)

    @property
    def beyond(self) -> int:
        """The events that were delivered and not owed."""
        return self.delivered - self.arrived

    @property
    def failed_percent(self) -> float | None:
        """The share of connections that failed, among those that met a server; ``None`` without any."""
        return round(100 * self.failed / (self.tried - self.away), 2) if self.tried > self.away else None

    def percentile(self, percent: int) -> int | None:
        """The delay, in milliseconds, within which so many percent of the events came; ``None`` without any."""
        return percentile(self.delays, percent)

    def numbers(self) -> dict[str, Any]:
        """The tally as plain values, for reports."""
        counts = ("tried", "failed", "away", "lost", "owed", "arrived", "elsewhere", "missing", "delivered", "beyond")
        return {
            "people": len(self.people),
            **{name: getattr(self, name) for name in counts},
            "duplicates": self.duplicates,
            "out_of_order": self.out_of_order,
            "late": self.late,
            "caught_up": self.caught_up,
            "dropped": self.dropped,
            "refused": self.refused,
            "lost_history": self.lost_history,
            "people_failed": len(self.failed_for),
            "people_missing": len(self.missed_by),
            "people_late": len(self.late_for),
            "unjudged_people": len(self.unjudged),
            "failed_percent": self.failed_percent,
            "failures": dict(self.reasons.most_common()),
            "measured": len(self.delays),
            **{f"p{percent}_ms": self.percentile(percent) for percent in (50, 95, 99)},
            "painted": len(self.paints),
            **{f"paint_p{percent}_ms": percentile(self.paints, percent) for percent in (50, 95, 99)},
        }


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """The value within which so many percent of these are; ``None`` without values."""
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] if ordered else None


class Log:
    """The events that are judged, oldest first, and which of them each of these users may see."""

    def __init__(
        self,
        events: Iterable[Logged],
        keys: Mapping[UserId, frozenset[str]],
        floors: Mapping[UserId, int] | None = None,
        history: History = NO_HISTORY,
    ) -> None:
        """``keys`` as they are now. ``floors``: the id up to which a user's keys may have been different.

        ``history``: the epochs of the log, which tell what was lost.
        """
        self.events = {event.id: event for event in events if not history.is_lost(event.id)}
        self._keys = keys
        self.floors = floors or {}
        self.history = history
        self._visible: dict[UserId, tuple[list[int], list[Logged]]] = {}

    def owed(self, link: Link) -> Iterable[tuple[Logged, bool]]:
        """The events that a link owed its user, each with whether its cursor has passed it.

        From a cursor of a lost history a link owes nothing: its page was told to load the state again. One that ended
        on such a cursor owes only what comes before. One whose machine has slept could not tell what it heard when.
        """
        if link.cursor_from is None or link.cursor_to is None or self.history.is_lost(link.cursor_from):
            return
        unsure = self.history.is_lost(link.cursor_to) or link.reason == ASLEEP
        ids, events = self._seen_by(link.user_id)
        begin = bisect_right(ids, max(link.cursor_from, self.floors.get(link.user_id, 0)))
        for event in events[begin:]:
            passed = event.id <= link.cursor_to
            due = max(event.at, link.opened_at) + GRACE
            later = not unsure and link.heard_at is not None and due <= link.heard_at
            if event.topic in link.topics and (passed or later):
                yield event, passed

    def _seen_by(self, user_id: UserId) -> tuple[list[int], list[Logged]]:
        if user_id not in self._visible:
            keys = self._keys.get(user_id, frozenset())
            events = [event for event in self.events.values() if event.topic and may_see(keys, event.audience)]
            self._visible[user_id] = ([event.id for event in events], events)
        return self._visible[user_id]


def tally(
    links: Collection[Link],
    log: Log,
    *,
    since: datetime,
    until: datetime,
    late_ms: int,
    transports: Container[str] = ("sse", "websocket", "poll"),
) -> dict[str, Tally]:
    """The tally of each of these transports for these links. Attempts count that began in [``since``, ``until``).

    The links of other transports only show whether a server and a network were there.
    """
    tallies: dict[str, Tally] = defaultdict(Tally)
    away = _met_no_server(links)
    swallowed = _fell_silent_alone(links)
    # In one browser another link of the transport may bring what this one failed to: then it came late, and is there.
    came: dict[tuple[UserId, str], set[int]] = defaultdict(set)
    for link in links:
        came[link.user_id, link.transport].update(arrival.event_id for arrival in link.arrivals)
    for link in links:
        if link.transport not in transports:
            continue
        one = tallies[link.transport]
        one.people.add(link.user_id)
        one.dropped += link.dropped
        one.refused += link.refused
        if since <= link.opened_at < until:
            _count_try(one, link, away=id(link) in away, swallowed=id(link) in swallowed)
        seen = _count_arrivals(one, link, log, late_ms)
        for event, passed in log.owed(link):
            one.owed += 1
            if event.id in seen:
                one.arrived += 1
                continue
            if passed or event.id not in came[link.user_id, link.transport]:
                one.missing += 1
                one.missed_by.add(link.user_id)
                continue
            one.elsewhere += 1
            if link.heard_at is not None and event.at >= link.opened_at:
                # Another link delivered it; this one reported a later cursor and still had not.
                _count_delay(one, link, round((link.heard_at - event.at) / timedelta(milliseconds=1)), late_ms)
        if link.cursor_from is not None and log.floors.get(link.user_id, 0) > link.cursor_from:
            one.unjudged.add(link.user_id)
    for one in tallies.values():
        one.delays.sort()
        one.paints.sort()
    return dict(tallies)


def _met_no_server(links: Iterable[Link]) -> set[int]:
    """The failed links that met no server at all, as another attempt of the same user at the same time shows.

    A browser cannot tell a refused WebSocket from a server that is down; a stream that it tries next can.
    """
    failed: dict[UserId, list[Link]] = defaultdict(list)
    for link in links:
        if link.failed:
            failed[link.user_id].append(link)
    found = set()
    for tries in failed.values():
        moments = [link.opened_at for link in tries if link.reason in AWAY]
        found |= {id(link) for link in tries if any(abs(link.opened_at - moment) <= ROUND for moment in moments)}
    return found


def _fell_silent_alone(links: Iterable[Link]) -> set[int]:
    """The links that worked and then fell silent while another link of the same user worked soon after.

    Such a link looked open and delivered nothing. Where nothing else worked either, the network may have been away.
    Where the browser took long to notice, its machine was asleep.
    """
    worked: dict[UserId, list[datetime]] = defaultdict(list)
    for link in links:
        if link.worked_at is not None:
            worked[link.user_id].append(link.worked_at)
    for moments in worked.values():
        moments.sort()
    found = set()
    for link in links:
        if link.reason == "silent" and link.worked_at is not None and link.ended_at is not None:
            if link.heard_at is not None and link.ended_at - link.heard_at > NOTICED:
                continue
            moments = worked[link.user_id]
            after = bisect_left(moments, link.ended_at)
            if after < len(moments) and moments[after] - link.ended_at <= ROUND:
                found.add(id(link))
    return found


def _count_try(one: Tally, link: Link, *, away: bool, swallowed: bool) -> None:
    if link.worked_at is None and not link.failed:
        return  # still to come, or ended before anybody could know
    one.tried += 1
    if away:
        one.away += 1
    elif link.failed or swallowed:
        one.failed += 1
        one.failed_for.add(link.user_id)
        one.reasons[link.reason] += 1
    elif link.ended_at is not None and link.reason not in NEUTRAL:
        one.lost += 1


def _count_arrivals(one: Tally, link: Link, log: Log, late_ms: int) -> set[int]:
    """Count the arrivals of a link. Return their ids."""
    seen: set[int] = set()
    newest = 0
    for event_id, delay_ms, painted_ms in link.arrivals:
        event = log.events.get(event_id)
        if event is None:
            one.lost_history += log.history.is_lost(event_id)
            continue
        if event_id in seen:
            one.duplicates += 1
            continue
        seen.add(event_id)
        one.delivered += 1
        one.out_of_order += event_id < newest
        newest = max(newest, event_id)
        if event.at < link.opened_at:
            one.caught_up += 1  # it had been waiting: how long says nothing of the transport
            continue
        if delay_ms is not None:
            _count_delay(one, link, delay_ms, late_ms)
        if painted_ms is not None:
            one.paints.append(painted_ms)
    return seen


def _count_delay(one: Tally, link: Link, delay_ms: int, late_ms: int) -> None:
    one.delays.append(delay_ms)
    if delay_ms > late_ms:
        one.late += 1
        one.late_for.add(link.user_id)


def compare(links: Collection[Link], log: Log) -> dict[str, Any] | None:
    """Shadow: the events that came both ways or only one way, and which came first. ``None`` when nothing was compared.

    ``lead_ms`` is the median lead of WebSocket; below zero it was behind.
    """
    people = {link.user_id for link in links if not link.shown}
    if not people:
        return None
    came: dict[tuple[UserId, bool], dict[int, int | None]] = defaultdict(dict)
    owed: dict[tuple[UserId, bool], set[int]] = defaultdict(set)
    for link in links:
        side = link.user_id, link.shown
        if link.user_id in people:
            owed[side].update(event.id for event, _ in log.owed(link))
            for event_id, delay_ms, _ in link.arrivals:
                if event_id in log.events:
                    came[side].setdefault(event_id, delay_ms)
    both = only_shown = only_compared = 0
    leads = []
    for user_id in people:
        shown, beside = came[user_id, True], came[user_id, False]
        both += len(shown.keys() & beside.keys())
        only_shown += len((shown.keys() - beside.keys()) & owed[user_id, False])
        only_compared += len((beside.keys() - shown.keys()) & owed[user_id, True])
        for event_id in shown.keys() & beside.keys():
            one, other = shown[event_id], beside[event_id]
            if one is not None and other is not None:
                leads.append(one - other)
    leads.sort()
    return {
        "people": len(people),
        "both": both,
        "only_shown": only_shown,
        "only_compared": only_compared,
        "websocket_first": sum(lead > 0 for lead in leads),
        "lead_ms": leads[len(leads) // 2] if leads else None,
    }
