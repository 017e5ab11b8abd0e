"""A run: each fault alone, then all faults mixed at random; and its result."""

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
class RunResult:
    """The parameters and the outcome of a run."""

    seed: int
    seconds: float
    verdict: Verdict
    faults: list[Planned]
    counts: dict[str, Any] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """Return the checker's violations, and the faults that could not be executed, as lines of text."""
        failed = [f"{one.fault.name}: {one.failed}" for one in self.faults if one.failed]
        return [*self.verdict.lines(), *failed]

    def as_json(self) -> dict[str, Any]:
        """Return everything, as evidence and for repeating the run."""
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "faulty": self.problems(),
            "counts": self.counts,
            "faults": [one.as_json() for one in self.faults],
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
    log_progress: Callable[[str], None] = lambda line: None,
) -> RunResult:
    """Inject faults into an office for about ``minutes``, check the run, and return the result.

    With ``alone``, first run each fault alone, which takes additional time. ``only`` has names of faults; empty means
    all. ``every`` and ``longest`` are the seconds between two faults of the mixed part and their longest duration.
    Raise ValueError for an unknown fault.
    """
    unknown = set(only) - CATALOGUE.keys()
    if unknown:
        raise ValueError(f"No such faults: {', '.join(sorted(unknown))}; there are {', '.join(sorted(CATALOGUE))}")
    chosen = [one for name, one in CATALOGUE.items() if not only or name in only]
    began = time.monotonic()
    office = Office(folder, static_root, seed)
    try:
        log_progress(f"seed {seed}: {len(office.clients)} clients are connected")
        nemesis = Nemesis(office, log_progress)
        if alone:
            nemesis.run_each(one_by_one(chosen, seed))
        nemesis.run_plan(mixed(chosen, seed, minutes * 60, every=every, longest=longest))
        log_progress("every fault is over; all are to read to the end")
        verdict = office.finish()
        return RunResult(seed, time.monotonic() - began, verdict, nemesis.history, _counts(office))
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
        "came_again_after_a_resume": sum(client.duplicates for client in office.clients),
        "connections": dict(connections),
        "authority": office.permissions.measure_delays(office.log),
        "vandals": dict(office.hostile_counts),
        "phases": dict(office.phased.outcomes),
        "conversations": office.conversations.counts,
        "connections_in_conversations": office.conversations.connections,
        "answers_to_forms": dict(sum((Counter(one.answers) for one in office.forms), Counter())),
    }


def write_progress(line: str) -> None:
    """Write a line of progress to stderr."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
