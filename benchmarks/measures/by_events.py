"""How a burst grows with the number of its events: what goes out in one write is paid for once."""

import statistics

from ..contenders import Contender
from ..size import Size
from ..stage import Office, Stage
from .burst import burst

BURSTS = 3  # of each size, on one server


def measure(office: Office, contender: Contender, size: Size) -> dict[str, float]:
    """Deliveries a second, and processor time of one, for bursts of so many events."""
    values = {}
    with Stage(office, contender, size.clients) as stage:
        stage.open()
        burst(stage, 10, size.burst_seconds)  # what is done once for each client is over now
        for events in size.events:
            seen = [burst(stage, events, size.burst_seconds) for _ in range(BURSTS)]
            for name in ("a_second", "cpu_us"):
                values[f"{name}_{events}"] = statistics.median(one[name] for one in seen)
    return values
