"""The schedule of faults, planned from a seed so that a run can be repeated, and its execution.

A fault is a generator function: it injects the fault, yields while it lasts, and then repairs. Modules in
``catalogue/`` register faults with ``@fault``.
"""

import random
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

FaultFunction = Callable[[Any, random.Random], Generator[None, None, None]]
AT_ONCE = 3  # faults that may overlap
LATE_SECONDS = 15.0  # a fault that cannot begin within this time is skipped
REST_SECONDS = 1.0  # the shortest pause between two faults of a target


@dataclass(frozen=True)
class Fault:
    """A fault: its name, its target (with one fault at a time), and its shortest and longest duration (seconds)."""

    name: str
    target: str
    seconds: tuple[float, float]
    inject: FaultFunction
    description: str


CATALOGUE: dict[str, Fault] = {}


def fault(target: str, seconds: tuple[float, float]) -> Callable[[FaultFunction], FaultFunction]:
    """Register a fault under the name of its function, with hyphens. The docstring is its description."""

    def register(inject: FaultFunction) -> FaultFunction:
        name = inject.__name__.replace("_", "-")
        CATALOGUE[name] = Fault(name, target, seconds, inject, inject.__doc__ or "")
        return inject

    return register


@dataclass
class Planned:
    """A fault that is planned to begin ``at`` seconds after the start and to last ``lasts`` seconds."""

    at: float
    fault: Fault
    lasts: float
    seed: str
    began: float | None = None  # actual times, in seconds after the start
    ended: float | None = None
    recovered: float | None = None  # seconds from its end until every client had caught up (only for faults alone)
    failed: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the values for the report."""
        numbers = {name: getattr(self, name) for name in ("at", "lasts", "began", "ended", "recovered")}
        rounded = {name: None if value is None else round(value, 2) for name, value in numbers.items()}
        return {"fault": self.fault.name, **rounded, "failed": self.failed}


def one_by_one(faults: Iterable[Fault], seed: int) -> list[Planned]:
    """Plan each fault alone with its longest duration, in a shuffled order. ``at`` is only the position."""
    shuffled = sorted(faults, key=lambda one: one.name)
    random.Random(f"{seed}/alone").shuffle(shuffled)
    return [Planned(float(place), one, one.seconds[1], f"{seed}/alone/{place}") for place, one in enumerate(shuffled)]


def mixed(
    faults: Iterable[Fault], seed: int, seconds: float, *, every: float = 2.0, longest: float = 30.0
) -> list[Planned]:
    """Plan overlapping random faults for ``seconds``, one about ``every`` seconds, none longer than ``longest``.

    Each fault occurs once before any occurs again, as far as they fit.
    """
    rng = random.Random(f"{seed}/mixed")
    names = sorted(faults, key=lambda one: one.name)
    deck: list[Fault] = []
    plan: list[Planned] = []
    now = 0.0
    while now < seconds:
        deck = deck or rng.sample(names, len(names))
        running = [one for one in plan if one.at + one.lasts + REST_SECONDS > now]
        busy = {one.fault.target for one in running}
        free = [one for one in deck if one.target not in busy]
        if free and len(running) < AT_ONCE:
            chosen = free[0]
            deck.remove(chosen)
            least, most = chosen.seconds
            lasts = min(rng.uniform(least, most), longest, max(least, seconds - now))
            plan.append(Planned(now, chosen, lasts, f"{seed}/mixed/{len(plan)}"))
        now += rng.uniform(0.5, 1.5) * every
    return plan


@dataclass
class Nemesis:
    """Executes plans on an office. ``log`` is called with a line when a fault begins, and when clients recovered."""

    office: Any
    log: Callable[[str], None] = lambda line: None
    history: list[Planned] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)

    def run_each(self, plan: list[Planned], settle_seconds: float = 60) -> None:
        """Run each fault alone. After each, a change must be possible, and every client must catch up with the log."""
        for one in plan:
            self._carry_out(one, {})
            if not one.failed:
                healed = time.monotonic()
                try:
                    self.office.wait_until_caught_up(settle_seconds, require_progress=True)
                except AssertionError as error:
                    one.failed = f"no recovery: {error}"
                one.recovered = time.monotonic() - healed
                self.log(f"{one.fault.name}: all had everything {one.recovered:.1f} s after")

    def run_plan(self, plan: list[Planned]) -> None:
        """Run faults at their planned times. A fault that takes longer delays the next one of the same target."""
        began = time.monotonic()
        locks = {one.fault.target: threading.Lock() for one in plan}
        threads = []
        for one in plan:
            time.sleep(max(0.0, began + one.at - time.monotonic()))
            threads.append(threading.Thread(target=self._carry_out, args=(one, locks), name=one.fault.name))
            threads[-1].start()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive(), f"The fault {thread.name} does not end"

    def _carry_out(self, one: Planned, locks: dict[str, threading.Lock]) -> None:
        lock = locks.get(one.fault.target, threading.Lock())
        if not lock.acquire(timeout=LATE_SECONDS):
            self.log(f"{one.fault.name} is left out: what it befalls still has another fault")
            return
        self.history.append(one)
        try:
            course = one.fault.inject(self.office, random.Random(one.seed))
            one.began = time.monotonic() - self._start
            self.log(f"{one.fault.name} begins, for {one.lasts:.1f} s")
            next(course)
            time.sleep(one.lasts)
            next(course, None)
            one.ended = time.monotonic() - self._start
        except Exception as error:  # noqa: BLE001 (is in the report, and fails the run)
            one.failed = f"{type(error).__name__}: {error}"
            self.log(f"{one.fault.name} could not be carried out: {one.failed}")
        finally:
            lock.release()
            connections.close_all()
