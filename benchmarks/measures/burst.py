"""Events that come together: how many deliveries a second, what was lost, what a delivery costs the server."""

from ..process import Failed, cpu_seconds
from ..size import Size
from ..stage import Stage

QUIET_SECONDS = 3.0  # nothing for so long: the rest is lost


def measure(stage: Stage, size: Size, number: int) -> dict[str, float]:
    """One burst to all clients, in round ``number``."""
    return burst(stage, stage.contender.burst, size.first_burst_seconds if number == 1 else size.burst_seconds)


def burst(stage: Stage, events: int, seconds: float) -> dict[str, float]:
    """So many events at once. Where they have not all come after so many seconds, what did come counts as the rate."""
    wanted = stage.clients * events
    stage.load("drain", quiet=0.5, limit=5)  # whoever fell behind before is not to be charged twice
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
