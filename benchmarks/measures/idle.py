"""What a server asks the database while everybody only listens."""

import json
import time
import urllib.request
from typing import Any

from ..contenders import Contender
from ..process import Failed
from ..size import Size
from ..stage import Office, Stage

ASK_SECONDS = 20.0


def measure(office: Office, contender: Contender, size: Size) -> dict[str, float]:
    """Queries a second with nobody and with everybody there, when nothing happens. Not in the first seconds."""
    with Stage(office, contender, size.clients, counted=True) as stage:
        stage.open(1)
        time.sleep(2)
        few = a_second(stage, size.idle_seconds)
        stage.open(stage.clients - 1)
        time.sleep(2)
        many = a_second(stage, size.idle_seconds)
    return {"one_client": few, "all_clients": many}


def a_second(stage: Stage, seconds: float) -> float:
    """Queries a second, of all its processes, over so many seconds. Each counts for the time between its answers."""
    before = _heard(stage)
    time.sleep(seconds)
    after = _heard(stage)
    return sum((said["all"] - before[pid]["all"]) / (said["at"] - before[pid]["at"]) for pid, said in after.items())


def queries_of(stage: Stage) -> dict[str, int]:
    """How many queries this server has made so far, in all its processes: all of them, and those that read the log."""
    heard = _heard(stage).values()
    return {name: sum(said[name] for said in heard) for name in ("all", "log")}


def _heard(stage: Stage) -> dict[int, dict[str, Any]]:
    """What each process says (benchmarks/counting_site.py). Who answers is chance, so it is asked until each one has.

    Raises Failed.
    """
    heard: dict[int, dict[str, Any]] = {}
    end = time.monotonic() + ASK_SECONDS
    while len(heard) < stage.processes:
        if time.monotonic() > end:
            raise Failed(f"{len(heard)} of {stage.processes} processes have said how many queries they made")
        with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/bench/queries", timeout=20) as answer:
            said = json.load(answer)
        heard[said["process"]] = said
    return heard
