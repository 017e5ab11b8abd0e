"""When which fault befalls the office: planned in advance from a seed, so that a run can be repeated.

A fault is a generator function: it does harm, yields for as long as it lasts, and mends. Modules in ``catalogue/``
register theirs with ``@fault``.
"""

import random
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

Befall = Callable[[Any, random.Random], Generator[None, None, None]]
AT_ONCE = 3  # faults that may overlap
LATE_SECONDS = 15.0  # a fault that cannot begin within so many of its time is left out
REST_SECONDS = 1.0  # what a fault's target has between two faults, at least


@dataclass(frozen=True)
class Fault:
    """A fault's name, what it befalls (one at a time), and how many seconds it may last, shortest and longest."""

    name: str
    target: str
    seconds: tuple[float, float]
    befall: Befall
    says: str


CATALOGUE: dict[str, Fault] = {}


def fault(target: str, seconds: tuple[float, float]) -> Callable[[Befall], Befall]:
    """Register a fault under the name of its function, with hyphens; its docstring says what it is."""

    def register(befall: Befall) -> Befall:
        name = befall.__name__.replace("_", "-")
        CATALOGUE[name] = Fault(name, target, seconds, befall, befall.__doc__ or "")
        return befall

    return register


@dataclass
class Planned:
    """A fault that is to begin ``at`` so many seconds after the start, and to last ``lasts`` seconds."""

    at: float
    fault: Fault
    lasts: float
    seed: str
    began: float | None = None  # what came of it, in the same seconds
    ended: float | None = None
    recovered: float | None = None  # seconds from its end until every client had read everything (faults alone only)
    failed: str = ""

    def told(self) -> dict[str, Any]:
        """For the report."""
        numbers = {name: getattr(self, name) for name in ("at", "lasts", "began", "ended", "recovered")}
        rounded = {name: None if value is None else round(value, 2) for name, value in numbers.items()}
        return {"fault": self.fault.name, **rounded, "failed": self.failed}


def one_by_one(faults: Iterable[Fault], seed: int) -> list[Planned]:
    """Each fault alone, as long as it may last, in a shuffled order; ``at`` only says the order."""
    shuffled = sorted(faults, key=lambda one: one.name)
    random.Random(f"{seed}/alone").shuffle(shuffled)
    return [Planned(float(place), one, one.seconds[1], f"{seed}/alone/{place}") for place, one in enumerate(shuffled)]


def mixed(
    faults: Iterable[Fault], seed: int, seconds: float, *, every: float = 2.0, longest: float = 30.0
) -> list[Planned]:
    """Faults that overlap at random for so many seconds, one about ``every`` so many; none lasts more than ``longest``.

    They are dealt like cards: each once before any comes again, as far as they fit.
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
    """Carries out plans on an office. ``tell`` is called with a line whenever a fault begins or ends."""

    office: Any
    tell: Callable[[str], None] = lambda line: None
    history: list[Planned] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)

    def alone(self, plan: list[Planned], settle_seconds: float = 60) -> None:
        """Each by itself; afterwards people must be able to work, and every client must come to the end of the log."""
        for one in plan:
            self._carry_out(one, {})
            if not one.failed:
                healed = time.monotonic()
                try:
                    self.office.settle(settle_seconds, anew=True)
                except AssertionError as error:
                    one.failed = f"no recovery: {error}"
                one.recovered = time.monotonic() - healed
                self.tell(f"{one.fault.name}: all had everything {one.recovered:.1f} s after")

    def together(self, plan: list[Planned]) -> None:
        """At the times that were planned; what takes longer than planned lets the next one on the same target wait."""
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
            self.tell(f"{one.fault.name} is left out: what it befalls still has another fault")
            return
        self.history.append(one)
        try:
            course = one.fault.befall(self.office, random.Random(one.seed))
            one.began = time.monotonic() - self._start
            self.tell(f"{one.fault.name} begins, for {one.lasts:.1f} s")
            next(course)
            time.sleep(one.lasts)
            next(course, None)
            one.ended = time.monotonic() - self._start
        except Exception as error:  # noqa: BLE001 (told in the report, and fails the run)
            one.failed = f"{type(error).__name__}: {error}"
            self.tell(f"{one.fault.name} could not be carried out: {one.failed}")
        finally:
            lock.release()
            connections.close_all()
