"""How a server grows with the number of its processes: each reads the log once and has its share of clients.

They share the server's core here: what more of them cost is seen, not what a machine with more cores would gain.
"""

import time

from ..contenders import Contender
from ..process import memory_kb
from ..size import Size
from ..stage import Office, Stage
from .burst import burst
from .idle import a_second


def measure(office: Office, contender: Contender, size: Size, processes: int) -> dict[str, float]:
    """With so many of them: a process's queries a second when nothing happens, bursts, and the memory of all."""
    with Stage(office, contender, size.clients, counted=True, processes=processes) as stage:
        stage.open()
        time.sleep(2)
        queries = a_second(stage, size.idle_seconds) / processes
        burst(stage, 10, size.burst_seconds)
        seen = burst(stage, contender.burst, size.burst_seconds)
        memory = memory_kb(stage.pid) / 1024
    values = {"queries": queries, "a_second": seen["a_second"], "cpu_us": seen["cpu_us"], "mb": memory}
    return {f"{name}_{processes}": value for name, value in values.items()}
