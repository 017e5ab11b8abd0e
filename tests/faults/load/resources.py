"""The resources that the processes of a site hold: descriptors, threads, tasks, subscribers, slots, groups, memory."""

import json
import os
import re
import resource
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

KB_A_PAGE = resource.getpagesize() // 1024
TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def rss_kb(pid: int) -> int:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * KB_A_PAGE


def threads(pid: int) -> int:
    """Return the number of threads of a process."""
    return len(os.listdir(f"/proc/{pid}/task"))


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def descriptors(pid: int, ports: dict[str, int]) -> Counter[str]:
    """Count a process's open files by kind. ``ports`` names remote ports, and with ``clients`` the local one."""
    ends = _ends()
    found: Counter[str] = Counter()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue  # closed meanwhile
        found[_kind(target, ends, ports)] += 1
    return found


def _kind(target: str, ends: dict[str, tuple[int, int]], ports: dict[str, int]) -> str:
    inode = re.fullmatch(r"socket:\[(\d+)\]", target)
    if not inode:
        return "files"
    local, remote = ends.get(inode[1], (0, 0))
    for name, port in ports.items():
        if remote and port == (local if name == "clients" else remote):
            return name
    return "sockets"


def _ends() -> dict[str, tuple[int, int]]:
    """Return the local and remote port (0: listening) of each TCP socket of this machine, by inode."""
    ends = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ends[fields[9]] = int(fields[1][-4:], 16), int(fields[2][-4:], 16)
    return ends


class ProcessInspector:
    """Queries processes that were started with ``LOAD_INSIDE`` (inside/sitecustomize.py)."""

    def __init__(self, folder: Path) -> None:
        self.environment = {"LOAD_INSIDE": str(folder), "PYTHONPATH": str(Path(__file__).parent / "inside")}
        self._folder = folder

    def ask(self, pid: int, thoroughly: bool = False) -> dict[str, Any]:
        """Return the state of a process; with ``thoroughly``, after a garbage collection.

        Raise AssertionError if the process reports an error.
        """
        with socket.socket(socket.AF_UNIX) as asks:
            asks.settimeout(60)
            asks.connect(str(self._folder / f"{pid}.sock"))
            asks.send(b"!" if thoroughly else b"?")
            said = json.loads(b"".join(_pieces(asks)))
        assert "fault" not in said, said
        return said


def _pieces(sock: socket.socket) -> Iterator[bytes]:
    while piece := sock.recv(65536):
        yield piece


def slope(samples: list[tuple[float, float]]) -> float:
    """Return the least-squares slope of (x, y)."""
    count = len(samples)
    middle_x, middle_y = sum(x for x, _ in samples) / count, sum(y for _, y in samples) / count
    spread = sum((x - middle_x) ** 2 for x, _ in samples)
    return sum((x - middle_x) * (y - middle_y) for x, y in samples) / spread if spread else 0.0


def usual_change(samples: list[tuple[float, float]], within: float) -> float | None:
    """Return the median change of y per unit of x, over all intervals of x of the length ``within``.

    Return ``None`` if there is no such interval.
    """
    changes = [
        later - earlier
        for moment, earlier in samples
        for later in [next((y for x, y in samples if x >= moment + within), None)]
        if later is not None
    ]
    return median(changes) / within if changes else None


@contextmanager
def many_files(wanted: int) -> Iterator[None]:
    """Raise the limit of open files within the block. Processes started in it inherit the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, wanted)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
