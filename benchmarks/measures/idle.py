"""What a server asks the database while everybody only listens."""

import json
import time
import urllib.request

from ..contenders import Contender
from ..size import Size
from ..stage import Office, Stage


def measure(office: Office, contender: Contender, size: Size) -> dict[str, float]:
    """Queries a second with nobody and with everybody there, when nothing happens. Not in the first seconds."""
    with Stage(office, contender, size.clients, counted=True) as stage:
        stage.open(1)
        time.sleep(2)
        few = _a_second(stage, size.idle_seconds)
        stage.open(stage.clients - 1)
        time.sleep(2)
        many = _a_second(stage, size.idle_seconds)
    return {"one_client": few, "all_clients": many}


def _a_second(stage: Stage, seconds: float) -> float:
    before = queries_of(stage)["all"]
    time.sleep(seconds)
    return (queries_of(stage)["all"] - before) / seconds


def queries_of(stage: Stage) -> dict[str, int]:
    """How many queries this server has made so far: all of them, and those that read the log."""
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}/bench/queries", timeout=20) as answer:
        return json.load(answer)
