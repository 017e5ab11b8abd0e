"""Processes pinned to cores: starting them, sending them commands, and measuring their processor time and memory."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OURS = str(ROOT / ".venv/bin/python")
PEERS = str(ROOT / ".venv-bench/bin/python")
# The server has one core. Clients, publisher, Redis and the controlling process share another.
SERVER_CORE, CLIENT_CORE = 0, 1


class Failed(Exception):
    """A measurement failed. The message is the reason shown in the report."""


def cores(core: int | None) -> set[int]:
    """Return the numbers of this core alone, or of all for ``None``."""
    count = os.cpu_count() or 1
    return set(range(count)) if core is None else {core % count}


def pinned(core: int | None, command: list[str]) -> list[str]:
    """Return the command pinned to one core (``None``: free to use all), together with its child processes."""
    return ["taskset", "-c", ",".join(map(str, sorted(cores(core)))), *command]


@contextlib.contextmanager
def starting_on(core: int | None) -> Iterator[None]:
    """Within this block, started processes inherit this core, or all for ``None``."""
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores(core))
    try:
        yield
    finally:
        os.sched_setaffinity(0, here)


class CommandProcess:
    """A child process that reads commands as JSON lines and responds to each with one."""

    def __init__(
        self,
        name: str,
        command: list[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        *,
        core: int | None = CLIENT_CORE,
        folder: Path = ROOT,
    ) -> None:
        self.name = name
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                pinned(core, command),
                cwd=folder,
                env=dict(environment or os.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        self._answers: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read_answers, daemon=True).start()

    def _read_answers(self) -> None:
        for line in self._process.stdout or ():
            self._answers.put(line)
        self._answers.put(b"")

    def __call__(self, do: str, seconds: float = 60.0, **details: Any) -> dict[str, Any]:
        """Send a command and wait for the response. Raise Failed for an error, or after ``seconds`` without one."""
        self.send(do, **details)
        return self.answer(do, seconds)

    def send(self, do: str, **details: Any) -> None:
        """Send a command. ``answer`` waits for the response."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then ``answer`` reports that the process ended
            self._process.stdin.write(json.dumps({"do": do, **details}).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self, do: str, seconds: float = 60.0) -> dict[str, Any]:
        """Return the response to a command. Raise Failed like ``__call__``."""
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
        """Kill the process."""
        end_group(self._process)


def migrate(folder: Path, environment: Mapping[str, str]) -> None:
    """Create the tables of the site whose code is in this folder. Raise Failed if that fails."""
    command = [OURS, "manage.py", "migrate", "--verbosity", "0"]
    migrated = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if migrated.returncode:
        raise Failed(f"the database cannot be made: {migrated.stderr.strip()[-300:]}")


def end_group(process: subprocess.Popen) -> None:
    """Kill a process that leads a session, with all its child processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)


def last_line(log: Path) -> str:
    """Return the last line of a log."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1][:300] if lines else "it said nothing"


def family(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*"):
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Return a server's processor time in seconds, to the nanosecond, without threads that have ended."""
    total = 0
    for member in family(pid):
        for task in Path(f"/proc/{member}/task").glob("*"):
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def cpu_seconds_of_all(pid: int) -> float:
    """Return it to the hundredth, with threads that have ended: under ASGI, Django starts one for each request."""
    ticks = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_kb(pid: int) -> float:
    """Return a server's proportional memory in KB, where shared pages count by their share."""
    total = 0.0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += float(line.split()[1])
    return total
