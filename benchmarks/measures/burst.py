"""A burst of events: deliveries per second, lost deliveries, and the server's processor time for a delivery."""

from ..process import Failed, cpu_seconds
from ..size import Size
from ..stage import Stage

QUIET_SECONDS = 3.0  # after this time without an event, the rest counts as lost


def measure(stage: Stage, size: Size, number: int) -> dict[str, float]:
    """One burst to all clients, in round ``number``."""
    return burst(stage, stage.contender.burst, size.first_burst_seconds if number == 1 else size.burst_seconds)


def burst(stage: Stage, events: int, seconds: float) -> dict[str, float]:
    """Publish ``events`` at once. If not all arrive within ``seconds``, the rate is that of the delivered ones."""
    wanted = stage.clients * events
    stage.load("drain", quiet=0.5, limit=5)  # late deliveries of the previous burst must not count in this one
    stage.load("begin", timed=False)
    cpu = cpu_seconds(stage.pid)
    stage.publisher.send("burst", events=events)
    waited = stage.load("wait", seconds + 20, wanted=wanted, quiet=QUIET_SECONDS, limit=seconds)
    cpu = cpu_seconds(stage.pid) - cpu
    published = stage.publisher.answer("burst", seconds + 60)
    found = waited["found"]
    if not found:
        raise Failed(f"nothing came of {events} events: {waited['reason'] or 'silence'}")
    values = {
        "a_second": found / max(0.001, waited["last"] - published["began"]),
        "cpu_us": cpu / found * 1e6,
        "bytes": waited["bytes"] / found,
        "dropped_clients": waited["ended"],
    }
    if waited["over"]:
        values["lost_percent"] = 100 * (wanted - found) / wanted
    return values
