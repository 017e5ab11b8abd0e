"""Does a delivery cost the same however many listen: bursts of the same sum of deliveries to few and many."""

import statistics
import time

from ..contenders import Contender
from ..process import memory_kb
from ..size import Size
from ..stage import Office, Stage
from .burst import burst


def measure(office: Office, contender: Contender, size: Size, clients: int) -> dict[str, float]:
    """As many bursts as make the sum, but five at least, on one server; the medians of them."""
    with Stage(office, contender, clients) as stage:
        before = memory_kb(stage.pid)
        opened = stage.open()
        time.sleep(1)
        after = memory_kb(stage.pid)
        burst(stage, 10, size.burst_seconds)  # what is done once for each client is over now
        several = max(5, min(8, size.growth_deliveries // (clients * contender.burst)))
        seen = [burst(stage, contender.burst, size.burst_seconds) for _ in range(several)]
    medians = {name: statistics.median(one[name] for one in seen) for name in ("a_second", "cpu_us")}
    return {**medians, "kb": (after - before) / stage.clients, "open_seconds": opened["seconds"]}
