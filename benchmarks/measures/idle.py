"""A server's database queries while all clients are idle."""

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
    """Return the queries per second without and with clients, when nothing happens, after the first seconds."""
    with Stage(office, contender, size.clients, counted=True) as stage:
        stage.open(1)
        time.sleep(2)
        few = a_second(stage, size.idle_seconds)
        stage.open(stage.clients - 1)
        time.sleep(2)
        many = a_second(stage, size.idle_seconds)
    return {"one_client": few, "all_clients": many}


def a_second(stage: Stage, seconds: float) -> float:
    """Return the queries per second of all processes over ``seconds``, each for the time between its responses."""
    before = _counts_by_process(stage)
    time.sleep(seconds)
    after = _counts_by_process(stage)
    return sum((said["all"] - before[pid]["all"]) / (said["at"] - before[pid]["at"]) for pid, said in after.items())


def queries_of(stage: Stage) -> dict[str, int]:
    """Return the number of queries of all processes so far: all, and those that read the log."""
    heard = _counts_by_process(stage).values()
    return {name: sum(said[name] for said in heard) for name in ("all", "log")}


def _counts_by_process(stage: Stage) -> dict[int, dict[str, Any]]:
    """Return the counts of each process (benchmarks/counting_site.py), by its id.

    A request reaches a random process, so it is repeated until each has responded. Raise Failed if one does not.
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
