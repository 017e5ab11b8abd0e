"""What each client must have got, and what it must not: judged from what writers did, not from what servers say.

Pure: everything that happened comes in, and every fault goes out, in words. In the manner of Jepsen
(https://jepsen.io/): operations with known and unknown outcomes, observed from outside, judged afterwards.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .changes import Change, Kind, Outcome, marks_in

PROJECTS = "projects"  # stands for every project among the rights of a person
NAMED = 5  # examples of a kind of fault that are named


@dataclass(frozen=True)
class Logged:
    """An event of the log: its id, what it says, and for whom it was written."""

    id: int
    type: str
    fields: dict[str, Any]
    audience: frozenset[str]


@dataclass
class Right:
    """That somebody may see what is for ``key``, between two places in the log.

    ``since`` and ``until`` are the ids of the events that tell the servers of its beginning and of its end (0, and
    ``None``: it was there from the first, and stays). ``read_from`` and ``read_to`` say how far each of the person's
    clients had read just before it was given, and just before it was taken. ``began`` and ``ended`` are the moments
    (monotonic), for measuring only.
    """

    key: str
    since: int = 0
    until: int | None = None
    read_from: dict[str, int] = field(default_factory=dict)
    read_to: dict[str, int] = field(default_factory=dict)
    began: float = 0.0
    ended: float = math.inf

    def surely(self, event_id: int, client: str) -> bool:
        """Whether a client that has come past an event of this id must have got it.

        What came before the end, but had not reached the client by then, is nobody's promise: a server that reads
        both at once acts on the end first.
        """
        if event_id <= self.since:
            return False
        return self.until is None or event_id <= min(self.until, self.read_to.get(client, 0))

    def maybe(self, event_id: int, client: str) -> bool:
        """Whether a client may have got it.

        Who may see something now may also see what was before; but what a client had read past when it was given the
        right, it can only have got too early.
        """
        return event_id > self.read_from.get(client, 0) and (self.until is None or event_id <= self.until)


@dataclass
class Account:
    """What one client has to show: the ids it handled in order, and what it noticed itself."""

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
    """Every fault by its kind, each in words; all must be empty."""

    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counted: Counter = field(default_factory=Counter)

    def add(self, kind: str, words: str) -> None:
        """Note a fault."""
        self.counted[kind] += 1
        if len(self.faults[kind]) < NAMED:
            self.faults[kind].append(words)

    def lines(self) -> list[str]:
        """For people: each kind with its number and some examples."""
        return [f"{self.counted[kind]} {kind}: {'; '.join(words)}" for kind, words in sorted(self.faults.items())]


def judge(
    changes: Iterable[Change],
    log: Sequence[Logged],
    accounts: Iterable[Account],
    ended_sessions: dict[str, int],
    differing: Iterable[str] = (),
) -> Verdict:
    """Everything that is wrong.

    ``log``: the events of the run in order of their ids. ``ended_sessions``: by cookie, the id of the event that tells
    the servers of the session's end. ``differing``: events of which two clients got different things.
    """
    verdict = Verdict()
    changes = list(changes)
    for words in differing:
        verdict.add("not the same for all", words)
    _judge_log(verdict, changes, log)
    for account in accounts:
        _judge_client(verdict, account, log, ended_sessions)
        _judge_changes(verdict, account, changes, log)
    return verdict


def _judge_log(verdict: Verdict, changes: list[Change], log: Sequence[Logged]) -> None:
    """What was committed is announced, what was not is not, and each transaction once."""
    announced: dict[tuple[str, int], list[Logged]] = defaultdict(list)
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
            told = Counter(key for event in events for key in event.audience)
            for key, times in told.items():
                if times > 1:
                    verdict.add("announced more than once", f"{change.mark} to {key}")
            missing = {f"user:{user_id}" for user_id in change.recipients} ^ set(told)
            if missing:
                verdict.add("announced to others than meant", f"{change.mark}: {sorted(missing)}")


def _judge_client(verdict: Verdict, account: Account, log: Sequence[Logged], ended_sessions: dict[str, int]) -> None:
    """By the log: each event once, in order, and to those who may see it."""
    handled = set(account.ids)
    who = account.name
    if len(handled) < len(account.ids):
        verdict.add("twice", who)
    if any(first >= second for first, second in zip(account.ids, account.ids[1:], strict=False)):
        verdict.add("out of order", who)
    for event_id in account.late:
        verdict.add("too late to be in order", f"{event_id} at {who}")
    for reason in account.resets:
        verdict.add("told to reset", f"{who}: {reason}")
    for event in log:
        rights = [right for right in account.rights if right.key in event.audience]
        if event.id in handled:
            if not any(right.maybe(event.id, who) for right in rights):
                verdict.add("seen without permission", f"{event.id} ({event.type}) at {who}")
        elif event.id <= account.cursor and any(right.surely(event.id, who) for right in rights):
            verdict.add("lost", f"{event.id} ({event.type}) at {who}")
    if log and account.cursor < log[-1].id:
        verdict.add("never came to the end", f"{who} stands at {account.cursor} of {log[-1].id}")
    unknown = handled - {event.id for event in log}
    if unknown:
        verdict.add("not in the log", f"{sorted(unknown)[:3]} at {who}")
    ends = [*(begin for begin, _ in account.sessions[1:]), len(account.ids)]
    for (begin, cookie), end in zip(account.sessions, ends, strict=False):
        newest = max(account.ids[begin:end], default=0)
        if cookie in ended_sessions and newest > ended_sessions[cookie]:
            verdict.add("seen after the session ended", f"{newest} at {who}")


def _judge_changes(verdict: Verdict, account: Account, changes: list[Change], log: Sequence[Logged]) -> None:
    """By the writers alone: whose rights never changed has got every change that is for them, and no other."""
    if any(right.since or right.until is not None for right in account.rights):
        return
    keys = {right.key for right in account.rights}
    handled = set(account.ids)
    got: dict[tuple[str, int], int] = {}  # the first event that told of it
    for event in log:
        if event.id in handled:
            for mark in marks_in(event.fields):
                got.setdefault(mark, event.id)
    # A change whose outcome its writer does not know may have come true long after (a server goes on with a form that
    # its browser has given up), beside whatever the writer did next: it has no place in their order.
    known = {(change.writer, change.number) for change in changes if change.outcome is not Outcome.UNKNOWN}
    newest: dict[str, int] = {}
    order = sorted((place, mark) for mark, place in got.items() if mark in known)
    for _, (writer, number) in order:
        if number < newest.get(writer, -1):
            verdict.add("out of the order of their writer", f"[{writer}.{number}] at {account.name}")
        newest[writer] = max(number, newest.get(writer, -1))
    for change in changes:
        meant = _meant(change, account.user_id, keys)
        mark = (change.writer, change.number)
        if change.stored and meant and mark not in got:
            verdict.add("a change never came", f"{change.mark} at {account.name}")
        if mark in got and not (meant and change.stored):
            verdict.add("a change that is not theirs", f"{change.mark} at {account.name}")


def _meant(change: Change, user_id: int, keys: set[str]) -> bool:
    if change.kind is Kind.MESSAGE:
        return user_id in change.recipients
    return PROJECTS in keys or (change.project is not None and f"project:{change.project}" in keys)
