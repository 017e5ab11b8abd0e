"""How everything grows with the clients: bursts of the same sum of deliveries to few and many, delays, memory."""

import statistics
import time

from ..contenders import Contender
from ..size import Size
from ..stage import Office, Stage
from . import accepting, steady
from .burst import burst

BURSTS_SECONDS = 30.0


def measure(office: Office, contender: Contender, size: Size, clients: int) -> dict[str, float]:
    """As many bursts as make the sum, but five at least (of a slow one as many as fit in the time); delays."""
    with Stage(office, contender, clients) as stage:
        came = accepting.measure(stage, size)
        burst(stage, 10, size.burst_seconds)  # what is done once for each client is over now
        several = max(5, min(8, size.growth_deliveries // (clients * contender.burst)))
        seen, end = [], time.monotonic() + BURSTS_SECONDS
        while not seen or (len(seen) < several and time.monotonic() < end):
            seen.append(burst(stage, contender.burst, size.burst_seconds))
        delays = {
            f"p99_ms_{rate}": steady.measure(stage, size, rate, events)["p99_ms"] for rate, events in size.growth_steady
        }
    medians = {name: statistics.median(one[name] for one in seen) for name in ("a_second", "cpu_us")}
    return {**medians, **delays, "kb": came["kb"], "let_in": came["a_second"]}
