"""Concurrent writers on PostgreSQL: transactions a second, their time, and how soon their events are in the log."""

import time
from typing import NamedTuple

from ..process import Failed
from ..writers.stage import SETTLE_SECONDS, WritersStage

LOOK_SECONDS = 0.02


class Case(NamedTuple):
    """What is written in a transaction (with how many ``events``), and whether commits are delayed."""

    name: str
    operation: str
    delayed: bool
    events: int


# A save has an event of its own and one for the notification of each of the five Head Engineers.
CASES = tuple(
    Case(f"writers-{operation}{'-delayed' if delayed else ''}", operation, delayed, events)
    for operation, events in (("publish", 1), ("save", 6))
    for delayed in (True, False)
)


def measure(stage: WritersStage, case: Case, seconds: float, name: str) -> dict[str, float]:
    """Let the writers of one build write for some seconds. Raise Failed unless the log then has each event once."""
    build = stage.builds[name]
    stage.delay_commits(case.delayed)
    build.forget_notifications()
    build.settle()
    before = build.newest()
    values = build.process("write", seconds + 60, operation=case.operation, lasting=seconds)
    wanted, ended = values.pop("committed") * case.events, values.pop("ended")
    while (found := build.count(before)) < wanted and time.monotonic() < ended + SETTLE_SECONDS:
        time.sleep(LOOK_SECONDS)
    if found != wanted:
        raise Failed(f"{wanted} events were committed, and {found} are in the log {SETTLE_SECONDS:.0f} s later")
    return {**values, "settled_ms": (time.monotonic() - ended) * 1000, **build.lag(before)}
