"""Processes on cores of their own: starting them, ordering them about line by line, and what they use."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OURS = str(ROOT / ".venv/bin/python")
PEERS = str(ROOT / ".venv-bench/bin/python")
# The server has one core; clients, publisher, Redis and whoever gives the orders share another.
SERVER_CORE, CLIENT_CORE = 0, 1


class Failed(Exception):
    """A measurement that came to nothing, with the reason that the report shows."""


def pinned(core: int, command: list[str]) -> list[str]:
    """The same command on one core, with all it starts."""
    return ["taskset", "-c", str(core % (os.cpu_count() or 1)), *command]


class Orders:
    """A child process that takes orders as JSON lines and answers each with one."""

    def __init__(self, name: str, command: list[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                pinned(CLIENT_CORE, command),
                cwd=ROOT,
                env=dict(environment or os.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._answers: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._answers.put(line)
        self._answers.put(b"")

    def __call__(self, do: str, seconds: float = 60.0, **details: Any) -> dict[str, Any]:
        """Give an order and wait so many seconds for its answer. Raises Failed when there is none, or an error."""
        self.send(do, **details)
        return self.answer(do, seconds)

    def send(self, do: str, **details: Any) -> None:
        """Give an order; ``answer`` waits for what comes of it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then there is no answer, which says why
            self._process.stdin.write(json.dumps({"do": do, **details}).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self, do: str, seconds: float = 60.0) -> dict[str, Any]:
        """What came of the order. Raises Failed."""
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise Failed(f"{self.name} did not finish {do!r} within {seconds:.0f} s") from None
        if not line:
            raise Failed(f"{self.name} ended: {last_line(self._log)}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"{self.name}, {do}: {answer['error']}")
        return answer

    def stop(self) -> None:
        """End it whatever happens."""
        end_group(self._process)


def end_group(process: subprocess.Popen) -> None:
    """End a process that leads a session, with all it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)


def last_line(log: Path) -> str:
    """The last words of a log."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1][:300] if lines else "it said nothing"


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*"):
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time that a server has used so far, in seconds, to the nanosecond; threads that ended do not count."""
    total = 0
    for member in family(pid):
        for task in Path(f"/proc/{member}/task").glob("*"):
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def cpu_seconds_of_all(pid: int) -> float:
    """The same to the hundredth, with threads that ended: under ASGI Django has one for each request."""
    ticks = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_kb(pid: int) -> float:
    """Memory that a server alone has to itself, in KB: what is shared counts by its share."""
    total = 0.0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += float(line.split()[1])
    return total
