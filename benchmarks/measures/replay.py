"""The cost of catching up, which should not depend on the length of the log."""

import statistics

from ..contenders import Contender
from ..size import Size
from ..stage import Office

TRIES = 7


def measure(office: Office, contender: Contender | None, size: Size) -> dict[str, float]:
    """Return the milliseconds to read the last 500 events after a cursor, for each size of the log."""
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
