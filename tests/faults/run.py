"""A run of the kit: each fault alone, then all of them mixed at random; and what is told of it."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import catalogue  # noqa: F401 (registers every fault)
from .checker import Verdict
from .nemesis import CATALOGUE, Nemesis, Planned, mixed, one_by_one
from .office import Office


@dataclass
class Told:
    """What a run was and found; ``reports/`` gets it as JSON and as a page."""

    seed: int
    seconds: float
    verdict: Verdict
    faults: list[Planned]
    counts: dict[str, Any] = field(default_factory=dict)

    def faulty(self) -> list[str]:
        """Everything that must not be, in words: what the checker found, and faults that could not be carried out."""
        failed = [f"{one.fault.name}: {one.failed}" for one in self.faults if one.failed]
        return [*self.verdict.lines(), *failed]

    def as_json(self) -> dict[str, Any]:
        """Everything, for evidence and for repeating the run."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "faulty": self.faulty(),
            "counts": self.counts,
            "faults": [one.told() for one in self.faults],
        }


def run(
    folder: Path,
    static_root: str,
    seed: int,
    *,
    minutes: float,
    alone: bool,
    only: Collection[str] = (),
    every: float = 2.0,
    longest: float = 30.0,
    tell: Callable[[str], None] = lambda line: None,
) -> Told:
    """Let faults befall an office for about so many minutes, and judge.

    ``alone``: first each fault by itself, which takes its own time. ``only``: names of faults; all of them if empty.
    ``every``, ``longest``: seconds between two faults of the mixed part, and the longest that one may last.
    """
    unknown = set(only) - CATALOGUE.keys()
    if unknown:
        raise ValueError(f"No such faults: {', '.join(sorted(unknown))}; there are {', '.join(sorted(CATALOGUE))}")
    chosen = [one for name, one in CATALOGUE.items() if not only or name in only]
    began = time.monotonic()
    office = Office(folder, static_root, seed)
    try:
        tell(f"seed {seed}: {len(office.clients)} clients are connected")
        nemesis = Nemesis(office, tell)
        if alone:
            nemesis.alone(one_by_one(chosen, seed))
        nemesis.together(mixed(chosen, seed, minutes * 60, every=every, longest=longest))
        tell("every fault is over; all are to read to the end")
        verdict = office.finish()
        return Told(seed, time.monotonic() - began, verdict, nemesis.history, _counts(office))
    finally:
        office.close()


def _counts(office: Office) -> dict[str, Any]:
    outcomes = Counter(change.outcome.value for change in office.changes)
    unknown = [change for change in office.changes if change.outcome == "unknown"]
    connections: Counter = sum((client.used for client in office.clients), Counter())
    return {
        "clients": len(office.clients),
        "changes": dict(outcomes),
        "unknown_that_were_stored": sum(change.stored for change in unknown),
        "events": len(office.log),
        "deliveries": sum(len(client.ids) for client in office.clients),
        "came_again_after_a_resume": sum(client.again for client in office.clients),
        "connections": dict(connections),
        "authority": office.moves.measured(office.log),
        "vandals": dict(office.vandals),
        "phases": dict(office.phased.outcomes),
        "answers_to_forms": dict(sum((Counter(one.answers) for one in office.forms), Counter())),
    }


def say(line: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
