"""The delay from the commit to the client, with events at a steady rate."""

from ..process import Failed, cpu_seconds
from ..size import Size
from ..stage import Stage

QUIET_SECONDS = 3.0
BEHIND_PERCENT = 10  # a contender that delivered less than this in time is not measured at a higher rate


def measure(stage: Stage, size: Size, rate: int, events: int, order: str = "steady") -> dict[str, float]:
    """Publish ``events`` at ``rate`` per second. Lost events are counted, and excluded from the delays."""
    stage.load("drain", quiet=0.3, limit=5)
    stage.load("begin", timed=True)
    cpu = cpu_seconds(stage.pid)
    stage.publisher.send(order, rate=rate, events=events)
    wanted, limit = stage.clients * events, events / rate + 5
    waited = stage.load("wait", limit + 20, wanted=wanted, quiet=QUIET_SECONDS + 1 / rate, limit=limit)
    cpu = cpu_seconds(stage.pid) - cpu
    sent = stage.publisher.answer(order, limit + 60)
    delays = stage.load("delays", sent=sent["sent"])
    if not delays["count"]:
        raise Failed(f"nothing came of {events} events: {waited['reason'] or 'silence'}")
    return {
        "p50_ms": delays["p50"],
        "p99_ms": delays["p99"],
        "max_ms": delays["max"],
        "cpu_us": cpu / delays["count"] * 1e6,
        "missing_percent": 100 * (wanted - delays["count"]) / wanted,
        "publisher_late_ms": sent["late"] * 1000,
    }
