"""A restart, after which all clients resume from their cursors and receive the events in between."""

from ..contenders import Contender
from ..process import Failed, cpu_seconds_of_all
from ..size import Size
from ..stage import Office, Stage
from .idle import queries_of


def measure(office: Office, contender: Contender, size: Size) -> dict[str, float]:
    """Return the seconds from the restart to the last client's last event, and the queries of the log meanwhile."""
    with Stage(office, contender, size.returning, counted=True) as stage:
        stage.open()
        stage.load("begin", timed=False)
        stage.publisher("burst", events=2)
        stage.load("wait", wanted=2 * stage.clients, quiet=3, limit=10)
        cursor = stage.publisher("head")["head"]
        stage.stop()
        stage.load("close")
        stage.publisher("burst", events=size.missed)
        stage.start()
        stage.load("begin", timed=False)
        before, cpu = queries_of(stage), cpu_seconds_of_all(stage.pid)
        opened = stage.open(query=f"&last_event_id={cursor}")
        wanted = stage.clients * size.missed
        waited = stage.load("wait", 80, wanted=wanted, quiet=4, limit=60)
        if waited["found"] < wanted:
            raise Failed(f"{wanted - waited['found']} of {wanted} missed events did not come: {waited['reason']}")
        after = queries_of(stage)
        return {
            "open_seconds": opened["seconds"],
            "cpu_s": cpu_seconds_of_all(stage.pid) - cpu,
            "log_readings": after["log"] - before["log"],
            "queries_a_client": (after["all"] - before["all"]) / stage.clients,
            "deliveries_a_second": wanted / opened["seconds"],
        }
