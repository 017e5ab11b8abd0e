"""The run: rounds in alternating order, with a time limit for each measure. A failed measure does not end it."""

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .contenders import BY_NAME, CONTENDERS, Contender
from .measures import (
    accepting,
    burst,
    by_events,
    by_processes,
    comm_api,
    growth,
    idle,
    paint,
    replay,
    returning,
    saves,
    steady,
    to_socket,
    whole_path,
    writers,
)
from .process import Failed
from .results import Results
from .size import Size
from .stage import Office, Stage
from .writers.stage import WritersStage

MEASURE_SECONDS = 150
OURS = [one for one in CONTENDERS if one.ours]
MEASURES = (
    "accepting",
    "steady",
    "burst",
    "whole_path",
    "idle",
    "returning",
    "saves",
    "replay",
    "paint",
    "writers",
    "to_socket",
    "comm-api",
    "events",
    "processes",
    "growth",
)


class Run:
    """One run. ``only`` names measures, contenders, or both; empty means everything.

    ``beside`` is the folder of another build of the site, which then takes part in ``writers`` and ``to_socket``.
    """

    def __init__(
        self, office: Office, results: Results, size: Size, only: Collection[str], beside: Path | None = None
    ) -> None:
        self._beside = beside
        self._office, self._results, self._size = office, results, size
        self._measures = set(only) & set(MEASURES) or set(MEASURES)
        self._contenders = set(only) & set(BY_NAME) or set(size.contenders)
        self._end = time.monotonic() + size.minutes * 60

    def everything(self) -> None:
        """Run all rounds, after the first one the measures without rounds, and finally growth as far as time allows."""
        for number in range(1, self._size.rounds + 1):
            for contender in self._in_turn(CONTENDERS, number):
                self._visit(contender, number)
            self._alone("saves", None, number, partial(saves.measure, self._office, None, self._size))
            if number == 1:
                self._once()
                self._builds()
        first = [one for one in CONTENDERS if one.growth]
        for number in range(1, self._size.growth_rounds + 1):
            self._grow(first, number)
        self._grow([one for one in CONTENDERS if not one.growth], 1)

    def _once(self) -> None:
        self._alone("replay", None, 1, partial(replay.measure, self._office, None, self._size))
        for contender in self._in_turn(OURS, 1):
            if contender.name in paint.CONTENDERS:
                take = partial(paint.measure, self._office, contender, self._size)
                self._alone("paint", contender, 1, take, self._size.dashboards)
            self._alone("idle", contender, 1, partial(idle.measure, self._office, contender, self._size))
            self._alone("returning", contender, 1, partial(returning.measure, self._office, contender, self._size))

    def _builds(self) -> None:
        """All rounds of what is measured on PostgreSQL, where another build can take part."""
        size, folder = self._size, self._office.folder
        stage = WritersStage(folder, size.writers, self._beside)
        takes = {case.name: partial(writers.measure, stage, case, size.writers_seconds) for case in writers.CASES}
        self._take_turns("writers", size.writers, stage, takes)
        offices = to_socket.Offices(folder, size, self._beside)
        self._take_turns("to_socket", size.sockets, offices, {"to_socket": offices.measure})
        sides = comm_api.Sides(folder, size)
        self._take_turns("comm-api", comm_api.CLIENTS, sides, {"comm-api": sides.measure})

    def _take_turns(
        self,
        measure: str,
        clients: int,
        stage: WritersStage | to_socket.Offices | comm_api.Sides,
        takes: Mapping[str, Callable],
    ) -> None:
        """Measure one build after the other, in each round and for each of ``takes``."""
        if measure not in self._measures or self._over():
            return
        with contextlib.closing(stage):
            if not self._note("ours", clients, 1, measure, stage.start):
                return
            for number in range(1, self._size.rounds + 1):
                for name, take in takes.items():
                    if self._over():
                        return
                    for build in stage.names() if number % 2 else stage.names()[::-1]:
                        self._note(build, clients, number, name, partial(take, build))

    def _grow(self, contenders: Collection[Contender], number: int) -> None:
        for contender in self._in_turn(contenders, number):
            for processes in self._size.processes if contender.ours == "gunicorn" else ():
                take = partial(by_processes.measure, self._office, contender, self._size, processes)
                self._alone("processes", contender, number, take)
        for contender in self._in_turn(contenders, number):
            take = partial(by_events.measure, self._office, contender, self._size)
            self._alone("events", contender, number, take)
        for contender in self._in_turn(contenders, number):
            for clients in self._size.growth:
                if clients <= contender.most:
                    take = partial(growth.measure, self._office, contender, self._size, clients)
                    self._alone("growth", contender, number, take, clients)

    def _in_turn(self, contenders: Collection[Contender], number: int) -> Iterator[Contender]:
        ordered = list(contenders) if number % 2 else list(contenders)[::-1]
        for contender in ordered:
            if contender.name in self._contenders:
                yield contender

    def _visit(self, contender: Contender, number: int) -> None:
        """Run all measures that need a running server with all its clients."""
        wanted = self._measures & {"accepting", "steady", "burst", "whole_path"}
        if not wanted or self._over():
            return
        clients = min(self._size.clients, contender.most)
        stage = Stage(self._office, contender, clients)
        note = partial(self._note, contender.name, clients, number)
        with contextlib.closing(stage):
            if not note("accepting", lambda: stage.start() or accepting.measure(stage, self._size)):
                return
            slow, *faster = self._size.steady if "steady" in wanted else (None,)
            if slow:
                note(f"steady-{slow[0]}", partial(steady.measure, stage, self._size, *slow))
            if "burst" in wanted:
                note("burst", partial(burst.measure, stage, self._size, number))
            behind = False
            for rate, events in faster:
                take = _falls_behind if behind else partial(steady.measure, stage, self._size, rate, events)
                values = note(f"steady-{rate}", take)
                behind = not values or values["missing_percent"] > steady.BEHIND_PERCENT
            if "whole_path" in wanted and contender.ours:  # last, since it leaves a changed project name
                note("whole_path", partial(whole_path.measure, stage, self._size))

    def _alone(
        self, measure: str, contender: Contender | None, number: int, take: Callable, clients: int | None = None
    ) -> None:
        if measure in self._measures and not self._over():
            count = 0 if contender is None else clients or min(self._size.clients, contender.most)
            self._note(contender.name if contender else "ours", count, number, measure, take)

    def _over(self) -> bool:
        return time.monotonic() > self._end

    def _note(
        self, contender: str, clients: int, number: int, measure: str, take: Callable[[], Any]
    ) -> dict[str, float] | None:
        begin = time.monotonic()
        try:
            with limit(MEASURE_SECONDS):
                outcome = {"values": take()}
        except Failed as error:
            outcome = {"failed": str(error)}
        except Exception as error:  # noqa: BLE001 (an error of one measure must not end the others)
            outcome = {"failed": f"{type(error).__name__}: {error}"}
        self._results.note(measure, contender, clients, number, seconds=round(time.monotonic() - begin, 1), **outcome)
        shown = outcome.get("failed") or ", ".join(f"{name} {value:,.4g}" for name, value in outcome["values"].items())
        sys.stderr.write(f"[{time.strftime('%H:%M:%S')}] round {number} {contender} x{clients} {measure}: {shown}\n")
        return outcome.get("values")


def _falls_behind() -> dict[str, float]:
    raise Failed("it falls behind at a lower rate already")


@contextlib.contextmanager
def limit(seconds: int) -> Iterator[None]:
    """Raise Failed in this block after ``seconds``."""

    def over(signum: int, frame: object) -> None:
        raise Failed(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
