"""A move's evidence as plain text."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Protocol

from realtime.log.events import iso

from .buckets import percentile
from .models import Kind
from .tally import Tally
from .verdict import Check

MOST_ENDPOINTS = 60


class Reported(Protocol):
    """What is written (switchover/evidence/report.py)."""

    @property
    def move(self) -> str: ...
    @property
    def since(self) -> datetime: ...
    @property
    def until(self) -> datetime: ...
    @property
    def ways(self) -> Mapping[str, Tally]: ...
    @property
    def endpoints(self) -> Mapping[str, Tally]: ...
    @property
    def checks(self) -> Iterable[Check]: ...
    @property
    def remarks(self) -> Iterable[str]: ...
    @property
    def verdict(self) -> str: ...


def as_text(evidence: Reported) -> str:
    """The report for people, its verdict last."""
    return "\n".join(_lines(evidence))


def _lines(evidence: Reported) -> Iterator[str]:
    yield f"{evidence.move}, from {iso(evidence.since)} to {iso(evidence.until)}"
    for name, tally in evidence.ways.items():
        yield f"{name}: {tally.served} answers, {tally.kinds[Kind.FAILED]} of them failed{_times(tally)}"
    name_of_new, new = list(evidence.ways.items())[1]
    yield f"Compared: {_compared(new)}"
    for name, tally in list(evidence.endpoints.items())[:MOST_ENDPOINTS]:
        yield f"  {name}: {tally.served} answered by {name_of_new}, compared: {_compared(tally)}"
    if len(evidence.endpoints) > MOST_ENDPOINTS:
        yield f"  and {len(evidence.endpoints) - MOST_ENDPOINTS} more"
    for check in evidence.checks:
        yield str(check)
    yield from evidence.remarks
    yield f"Verdict: {evidence.verdict}"


def _compared(tally: Tally) -> str:
    names = {
        Kind.SAME: "the same",
        Kind.DIFFERENT: "different",
        Kind.SHADOW_FAILED: "failed",
        Kind.UNSETTLED: "unsettled",
        Kind.SKIPPED: "not compared",
    }
    return ", ".join(f"{tally.kinds[kind]} {name}" for kind, name in names.items() if tally.kinds[kind]) or "nothing"


def _times(tally: Tally) -> str:
    if not tally.times:
        return ""
    return "; " + ", ".join(f"p{percent} {percentile(tally.times, percent)} ms" for percent in (50, 95, 99))
