"""Growth with the number of clients: bursts with an equal total of deliveries, delays, and memory."""

import statistics
import time

from ..contenders import Contender
from ..process import Failed
from ..size import Size
from ..stage import Office, Stage
from . import accepting, steady
from .burst import burst

BURSTS_SECONDS = 30.0


def measure(office: Office, contender: Contender, size: Size, clients: int) -> dict[str, float]:
    """Make as many bursts as the total requires, five at least, as far as they fit in the time.

    Delays are only those of delivered events; lost ones are counted separately.
    """
    with Stage(office, contender, clients) as stage:
        came = accepting.measure(stage, size)
        burst(stage, 10, size.burst_seconds)  # completes one-time work for each client
        several = max(5, min(8, size.growth_deliveries // (clients * contender.burst)))
        seen, end = [], time.monotonic() + BURSTS_SECONDS
        while not seen or (len(seen) < several and time.monotonic() < end):
            seen.append(burst(stage, contender.burst, size.burst_seconds))
        delays = {}
        for rate, events in size.growth_steady:
            delays |= _delays(stage, size, rate, events)
    medians = {name: statistics.median(one[name] for one in seen) for name in ("a_second", "cpu_us")}
    return {**medians, **delays, "kb": came["kb"], "let_in": came["a_second"]}


def _delays(stage: Stage, size: Size, rate: int, events: int) -> dict[str, float]:
    try:
        seen = steady.measure(stage, size, rate, events)
    except Failed:  # no event arrived; bursts and memory are still reported
        seen = {"missing_percent": 100.0}
    values = {f"missing_percent_{rate}": seen["missing_percent"]}
    if seen["missing_percent"] <= steady.BEHIND_PERCENT:
        values[f"p99_ms_{rate}"] = seen["p99_ms"]
    return values
