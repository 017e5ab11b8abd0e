"""A server with different numbers of processes, each of which reads the log once and has a share of the clients.

The processes share the server's core, so this measures their cost and not the gain on a machine with more cores.
"""

import time

from ..contenders import Contender
from ..process import memory_kb
from ..size import Size
from ..stage import Office, Stage
from .burst import burst
from .idle import a_second


def measure(office: Office, contender: Contender, size: Size, processes: int) -> dict[str, float]:
    """Return the idle queries per second of one process, the rate of bursts, and the memory of all processes."""
    with Stage(office, contender, size.clients, counted=True, processes=processes) as stage:
        stage.open()
        time.sleep(2)
        queries = a_second(stage, size.idle_seconds) / processes
        burst(stage, 10, size.burst_seconds)
        seen = burst(stage, contender.burst, size.burst_seconds)
        memory = memory_kb(stage.pid) / 1024
    values = {"queries": queries, "a_second": seen["a_second"], "cpu_us": seen["cpu_us"], "mb": memory}
    return {f"{name}_{processes}": value for name, value in values.items()}
