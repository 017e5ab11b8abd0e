"""Bursts of different numbers of events, which cost less for each event when they share a write."""

import statistics

from ..contenders import Contender
from ..size import Size
from ..stage import Office, Stage
from .burst import burst

BURSTS = 3  # of each size, on one server


def measure(office: Office, contender: Contender, size: Size) -> dict[str, float]:
    """Return the deliveries per second and the processor time of one, for each number of events."""
    values = {}
    with Stage(office, contender, size.clients) as stage:
        stage.open()
        burst(stage, 10, size.burst_seconds)  # completes one-time work for each client
        for events in size.events:
            seen = [burst(stage, events, size.burst_seconds) for _ in range(BURSTS)]
            for name in ("a_second", "cpu_us"):
                values[f"{name}_{events}"] = statistics.median(one[name] for one in seen)
    return values
