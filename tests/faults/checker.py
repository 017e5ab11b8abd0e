"""Checks what each client must and must not have received, from what the writers did and not from the servers.

It is a pure function of the recorded histories that returns every violation as text. It works like Jepsen
(https://jepsen.io/): operations have known or unknown outcomes, are observed from outside, and are checked afterwards.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.commit_order import Placed, out_of_order

from .changes import Change, Kind, Outcome, marks_in

PROJECTS = "projects"  # the key of every project
NAMED = 5  # examples listed for each kind of violation


@dataclass(frozen=True)
class LoggedEvent:
    """An event of the log: its id, its contents and its audience."""

    id: int
    type: str
    fields: dict[str, Any]
    audience: frozenset[str]


def identity(event_type: str, fields: Mapping[str, Any]) -> tuple[str, str, int] | None:
    """Return what no other event shares: the line of the timeline, or the notification, that it tells of."""
    for name in ("activity_id", "notification_id"):
        if fields.get(name) is not None:
            return event_type, name, fields[name]
    return None


@dataclass
class Right:
    """The permission of a user to see events for ``key``, between two positions in the log.

    ``since`` and ``until`` are the ids of the events that announce its beginning and its end to the servers (0 and
    ``None``: it exists from the start, and does not end). ``read_from`` and ``read_to`` are the cursors of the user's
    clients just before it was granted and just before it was revoked. ``began`` and ``ended`` are monotonic times, for
    measurements only.
    """

    key: str
    since: int = 0
    until: int | None = None
    read_from: dict[str, int] = field(default_factory=dict)
    read_to: dict[str, int] = field(default_factory=dict)
    began: float = 0.0
    ended: float = math.inf

    def must_receive(self, event_id: int, client: str) -> bool:
        """Return whether a client whose cursor is past this event must have received it.

        An event from before the end that had not reached the client by then need not be delivered: a server that reads
        both at once applies the end first.
        """
        if event_id <= self.since:
            return False
        return self.until is None or event_id <= min(self.until, self.read_to.get(client, 0))

    def may_receive(self, event_id: int, client: str) -> bool:
        """Return whether a client may have received this event.

        A permission covers earlier events as well. But a client whose cursor was past an event when the permission was
        granted must have received it too early.
        """
        return event_id > self.read_from.get(client, 0) and (self.until is None or event_id <= self.until)


@dataclass
class ClientHistory:
    """What one client recorded: the ids that it handled, in order, and the anomalies that it noticed."""

    name: str
    user_id: int
    ids: Sequence[int]
    rights: list[Right]
    late: Sequence[int] = ()
    resets: Sequence[str] = ()
    cursor: int = 0
    sessions: Sequence[tuple[int, str]] = ()


@dataclass
class Verdict:
    """The violations by kind, each as text. There must be none."""

    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counted: Counter = field(default_factory=Counter)

    def add(self, kind: str, words: str) -> None:
        """Add a violation."""
        self.counted[kind] += 1
        if len(self.faults[kind]) < NAMED:
            self.faults[kind].append(words)

    def lines(self) -> list[str]:
        """Return a line for each kind, with its count and some examples."""
        return [f"{self.counted[kind]} {kind}: {'; '.join(words)}" for kind, words in sorted(self.faults.items())]


def judge(
    changes: Iterable[Change],
    log: Sequence[LoggedEvent],
    histories: Iterable[ClientHistory],
    ended_sessions: dict[str, int],
    differing: Iterable[str] = (),
    frames: Mapping[int, Mapping[str, Any]] | None = None,
    outbox: Iterable[str] = (),
) -> Verdict:
    """Check a run and return all violations.

    ``log``: the events of the run in the order of their ids. ``ended_sessions``: by cookie, the id of the event that
    announces the session's end. ``differing``: events whose contents differed between clients. ``frames``: by id, what
    clients received. ``outbox``: the committed events that have no place in the log although all is over, as text.
    """
    verdict = Verdict()
    changes = list(changes)
    for words in differing:
        verdict.add("not the same for all", words)
    for words in outbox:
        verdict.add("committed and never numbered", words)
    _judge_log(verdict, changes, log)
    _judge_places(verdict, log, frames or {})
    for history in histories:
        _judge_client(verdict, history, log, ended_sessions)
        _judge_changes(verdict, history, changes, log)
    return verdict


def _judge_places(verdict: Verdict, log: Sequence[LoggedEvent], frames: Mapping[int, Mapping[str, Any]]) -> None:
    """Check that each event has one place, which is the one under which clients received it."""
    places: dict[tuple[str, str, int], int] = {}
    identities: dict[int, tuple[str, str, int] | None] = {}
    for event in log:
        identities[event.id] = known = identity(event.type, event.fields)
        if known is not None and places.setdefault(known, event.id) != event.id:
            verdict.add("given twice", f"{known} at {places[known]} and at {event.id}")
    for event_id, frame in frames.items():
        known = identity(frame["type"], frame)
        if known is not None and places.get(known, event_id) != event_id:
            verdict.add("number changed", f"{known} was {event_id} and is {places[known]}")
        elif event_id in identities and identities[event_id] != known:
            verdict.add("number changed", f"{event_id} was {known} and is {identities[event_id]}")


def _judge_log(verdict: Verdict, changes: list[Change], log: Sequence[LoggedEvent]) -> None:
    """Check that each committed transaction is announced once, and no other is."""
    announced: dict[tuple[str, int], list[LoggedEvent]] = defaultdict(list)
    for event in log:
        for mark in marks_in(event.fields):
            announced[mark].append(event)
    for change in changes:
        events = announced.get((change.writer, change.number), [])
        if change.outcome is Outcome.COMMITTED and not change.stored:
            verdict.add("committed and gone", change.mark)
        if change.outcome is Outcome.ABANDONED and change.stored:
            verdict.add("abandoned and stored", change.mark)
        if change.stored and not events:
            verdict.add("committed and never announced", change.mark)
        if events and not change.stored:
            verdict.add("announced but rolled back", change.mark)
        if change.kind is Kind.MESSAGE and events:
            notified = Counter(key for event in events for key in event.audience)
            for key, times in notified.items():
                if times > 1:
                    verdict.add("announced more than once", f"{change.mark} to {key}")
            missing = {f"user:{user_id}" for user_id in change.recipients} ^ set(notified)
            if missing:
                verdict.add("announced to others than meant", f"{change.mark}: {sorted(missing)}")
    _judge_commit_order(verdict, changes, announced)


def _judge_commit_order(
    verdict: Verdict, changes: list[Change], announced: Mapping[tuple[str, int], list[LoggedEvent]]
) -> None:
    """Check across writers: who began after another's commit had been answered comes after it in the log."""
    placed = []
    for change in changes:
        ids = [event.id for event in announced.get((change.writer, change.number), ())]
        if change.stored and ids:
            # Later events repeat the names of projects, but not messages.
            last = ids[-1] if change.kind is Kind.MESSAGE else ids[0]
            placed.append(Placed(change.mark, change.began, change.returned, ids[0], last))
    for words in out_of_order(placed):
        verdict.add("out of the order of the commits", words)


def _judge_client(
    verdict: Verdict, history: ClientHistory, log: Sequence[LoggedEvent], ended_sessions: dict[str, int]
) -> None:
    """Check by the log that a client received each event once, in order, and only with permission."""
    handled = set(history.ids)
    who = history.name
    if len(handled) < len(history.ids):
        verdict.add("twice", who)
    if any(first >= second for first, second in zip(history.ids, history.ids[1:], strict=False)):
        verdict.add("out of order", who)
    for event_id in history.late:
        verdict.add("too late to be in order", f"{event_id} at {who}")
    for reason in history.resets:
        verdict.add("told to reset", f"{who}: {reason}")
    for event in log:
        rights = [right for right in history.rights if right.key in event.audience]
        if event.id in handled:
            if not any(right.may_receive(event.id, who) for right in rights):
                verdict.add("seen without permission", f"{event.id} ({event.type}) at {who}")
        elif event.id <= history.cursor and any(right.must_receive(event.id, who) for right in rights):
            verdict.add("lost", f"{event.id} ({event.type}) at {who}")
    if log and history.cursor < log[-1].id:
        verdict.add("never came to the end", f"{who} stands at {history.cursor} of {log[-1].id}")
    unknown = handled - {event.id for event in log}
    if unknown:
        verdict.add("not in the log", f"{sorted(unknown)[:3]} at {who}")
    ends = [*(begin for begin, _ in history.sessions[1:]), len(history.ids)]
    for (begin, cookie), end in zip(history.sessions, ends, strict=False):
        newest = max(history.ids[begin:end], default=0)
        if cookie in ended_sessions and newest > ended_sessions[cookie]:
            verdict.add("seen after the session ended", f"{newest} at {who}")


def _judge_changes(verdict: Verdict, history: ClientHistory, changes: list[Change], log: Sequence[LoggedEvent]) -> None:
    """Check by the writers alone that a client with constant permissions received exactly the changes for its user."""
    if any(right.since or right.until is not None for right in history.rights):
        return
    keys = {right.key for right in history.rights}
    handled = set(history.ids)
    got: dict[tuple[str, int], int] = {}  # the first event of each change
    for event in log:
        if event.id in handled:
            for mark in marks_in(event.fields):
                got.setdefault(mark, event.id)
    # A change with an unknown outcome may have been committed much later, since a server continues a form's request
    # after its browser has timed out. It is excluded from the order of its writer's changes.
    known = {(change.writer, change.number) for change in changes if change.outcome is not Outcome.UNKNOWN}
    newest: dict[str, int] = {}
    order = sorted((place, mark) for mark, place in got.items() if mark in known)
    for _, (writer, number) in order:
        if number < newest.get(writer, -1):
            verdict.add("out of the order of their writer", f"[{writer}.{number}] at {history.name}")
        newest[writer] = max(number, newest.get(writer, -1))
    for change in changes:
        meant = _is_recipient(change, history.user_id, keys)
        mark = (change.writer, change.number)
        if change.stored and meant and mark not in got:
            verdict.add("a change never came", f"{change.mark} at {history.name}")
        if mark in got and not (meant and change.stored):
            verdict.add("a change that is not theirs", f"{change.mark} at {history.name}")


def _is_recipient(change: Change, user_id: int, keys: set[str]) -> bool:
    if change.kind is Kind.MESSAGE:
        return user_id in change.recipients
    return PROJECTS in keys or (change.project is not None and f"project:{change.project}" in keys)
