"""Does catching up cost the same however long the log is."""

import statistics

from ..contenders import Contender
from ..size import Size
from ..stage import Office

TRIES = 7


def measure(office: Office, contender: Contender | None, size: Size) -> dict[str, float]:
    """Milliseconds to read what somebody who missed the last 500 events is owed, for each size of the log."""
    publisher = office.publisher(office.copy())
    values = {}
    try:
        for rows in size.log:
            publisher("grow", 120, rows=rows)
            publisher("replays", missed=500)
            tries = [publisher("replays", missed=500)["ms"] for _ in range(TRIES)]
            values[f"ms_{rows}"] = statistics.median(tries)
    finally:
        publisher.stop()
    return values
