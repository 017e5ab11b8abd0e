"""The time to accept all clients, and the memory of an idle client."""

import time

from ..process import cpu_seconds_of_all, memory_kb
from ..size import Size
from ..stage import Stage

WARM = 20  # clients that connect and disconnect first, so that one-time allocations are not measured
SETTLE_SECONDS = 1.0


def measure(stage: Stage, size: Size) -> dict[str, float]:
    """Open the clients, which later measures use."""
    stage.open(WARM)
    stage.load("begin", timed=False)
    stage.publisher("burst", events=2)
    stage.load("wait", wanted=2 * WARM, quiet=2, limit=5)
    stage.load("close")
    time.sleep(SETTLE_SECONDS)
    before, cpu = memory_kb(stage.pid), cpu_seconds_of_all(stage.pid)
    opened = stage.open()
    cpu = cpu_seconds_of_all(stage.pid) - cpu
    time.sleep(SETTLE_SECONDS)
    after = memory_kb(stage.pid)
    return {
        "seconds": opened["seconds"],
        "a_second": opened["opened"] / opened["seconds"],
        "cpu_ms": cpu * 1000 / stage.clients,
        "tried_again": opened["again"],
        "kb": (after - before) / stage.clients,
        "server_mb": before / 1024,
    }
