"""The time to save a project, with broadcasting off, on, and on without Redis."""

import statistics

from ..contenders import Contender
from ..process import CommandProcess
from ..size import Size
from ..stage import Office

UNREACHABLE = "redis://10.255.255.1:6379/0"  # packets to this address are lost


def measure(office: Office, contender: Contender | None, size: Size) -> dict[str, float]:
    """Return the median and p99 milliseconds of a save for each, measured in turns on one database."""
    database = office.copy()
    variants: dict[str, dict[str, str]] = {
        "off": {"WEBSOCKET_BROADCAST": "false"},
        "on": {},
        "refused": {"REDIS_URL": "redis://127.0.0.1:9/0"},
        "silent": {"REDIS_URL": UNREACHABLE},
    }
    publishers: dict[str, CommandProcess] = {}
    taken: dict[str, list[float]] = {name: [] for name in variants}
    cpu: dict[str, list[float]] = {name: [] for name in variants}
    try:
        for name, environment in variants.items():
            publishers[name] = office.publisher(database, **environment)
            publishers[name]("saves", count=5)
        for _ in range(4):
            for name, publisher in publishers.items():
                answer = publisher("saves", 120, count=size.saves // 4)
                taken[name] += answer["ms"]
                cpu[name].append(answer["cpu_ms"])
    finally:
        for publisher in publishers.values():
            publisher.stop()
    values = {}
    for name, each in taken.items():
        values[f"{name}_ms"] = statistics.median(each)
        values[f"{name}_p99_ms"] = sorted(each)[int(len(each) * 0.99)]
        values[f"{name}_cpu_ms"] = statistics.median(cpu[name])
    for name in ("on", "refused", "silent"):
        values[f"{name}_more_ms"] = values[f"{name}_ms"] - values["off_ms"]
    return values
