"""Writer processes of one build: ``python processes.py WORK WRITERS`` with the build's folder as ``PYTHONPATH``.

It is run by its path, since the build that is measured may have another ``benchmarks`` package, or none. ``WORK`` is
the module beside this one that says what a transaction does (``office`` or ``plain``). Commands are JSON lines on
stdin, with a response to each on stdout.

The writers are forked from a process that has imported everything and has no connection yet, so that each has its own.
"""

import importlib
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

HEAD_START = 0.3  # seconds until a window begins, so that every writer has been told
FIRST_TRANSACTIONS = 2  # of each kind by each writer, before anything is measured


def prn(number: int) -> str:
    """Return the reference number of a writer's project."""
    return f"BENCH-{number}"


def texts(number: int) -> Iterator[str]:
    """Yield different texts of the same length, without end."""
    return (f"bench-{number:03}-{change:08}" for change in count())


class Writer:
    """One writer, in its own process."""

    def __init__(self, work: Any, number: int) -> None:
        self._work, self._number = work, number

    def prepare(self, writers: int) -> None:
        """Create what the writers of all numbers below ``writers`` need."""
        self._work.prepare([prn(number) for number in range(writers)])

    def ready(self) -> None:
        """Connect, and write the first transactions."""
        self._operations = self._work.operations(prn(self._number), texts(self._number))
        for operation in self._operations.values():
            for _ in range(FIRST_TRANSACTIONS):
                operation()

    def write(self, operation: str, begin: float, end: float) -> dict[str, Any]:
        """Write one transaction after the other between two times (CLOCK_MONOTONIC).

        Return the time at which each was committed, the seconds of each, and the processor time of all.
        """
        transaction = self._operations[operation]
        committed, taken = [], []
        time.sleep(max(0.0, begin - time.monotonic()))
        cpu = time.process_time()
        before = time.monotonic()
        while before < end:
            transaction()
            now = time.monotonic()
            committed.append(now)
            taken.append(now - before)
            before = now
        return {"committed": committed, "taken": taken, "cpu": time.process_time() - cpu}

    def serve(self, commands: Connection) -> None:
        """Execute commands until the other side ends."""
        while True:
            name, details = commands.recv()
            try:
                answer = getattr(self, name)(**details)
            except Exception as error:  # noqa: BLE001 (any error is the response to the command)
                answer = {"error": f"{type(error).__name__}: {error}"}
            commands.send(answer)


class Commands:
    """The commands of this process, which passes them to its writers."""

    def __init__(self, work: Any, writers: int) -> None:
        context = multiprocessing.get_context("fork")
        self._writers: list[Connection] = []
        for number in range(writers):
            ours, theirs = context.Pipe()
            context.Process(target=Writer(work, number).serve, args=(theirs,), daemon=True).start()
            theirs.close()
            self._writers.append(ours)

    def prepare(self) -> dict[str, Any]:
        """Create what the writers need, and let each write its first transactions."""
        self._ask(self._writers[:1], "prepare", writers=len(self._writers))
        self._ask(self._writers, "ready")
        return {}

    def write(self, operation: str, lasting: float) -> dict[str, Any]:
        """Let all writers write for so many seconds. ``committed`` counts the last transactions too, ``a_second`` not.

        ``ended`` is the time of the last commit. ``cpu_ms`` is the processor time of a transaction, without
        PostgreSQL's.
        """
        begin = time.monotonic() + HEAD_START
        end = begin + lasting
        answers = self._ask(self._writers, "write", operation=operation, begin=begin, end=end)
        committed = sorted(at for one in answers for at in one["committed"])
        taken = sorted(each for one in answers for each in one["taken"])
        return {
            "committed": len(committed),
            "ended": committed[-1],
            "a_second": sum(at <= end for at in committed) / lasting,
            "p50_ms": taken[len(taken) // 2] * 1000,
            "p99_ms": taken[int(len(taken) * 0.99)] * 1000,
            "cpu_ms": sum(one["cpu"] for one in answers) * 1000 / len(committed),
        }

    @staticmethod
    def _ask(writers: list[Connection], name: str, /, **details: Any) -> list[Any]:
        for writer in writers:
            writer.send((name, details))
        answers = [writer.recv() for writer in writers]
        for answer in answers:
            if answer and "error" in answer:
                raise RuntimeError(f"a writer failed: {answer['error']}")
        return answers


def main() -> None:
    commands = Commands(importlib.import_module(sys.argv[1]), int(sys.argv[2]))
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(commands, order.pop("do"))(**order)
        except Exception as error:  # noqa: BLE001 (any error is the response to the command)
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
