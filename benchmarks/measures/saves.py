"""What a change costs the person who makes it: saving a project, with broadcasting off, on, and on without Redis."""

import statistics

from ..contenders import Contender
from ..process import Orders
from ..size import Size
from ..stage import Office

UNREACHABLE = "redis://10.255.255.1:6379/0"  # packets to it go nowhere


def measure(office: Office, contender: Contender | None, size: Size) -> dict[str, float]:
    """Milliseconds of one save, median and p99, for each; all on one database, in turns, so that they compare."""
    database = office.copy()
    variants: dict[str, dict[str, str]] = {
        "off": {"WEBSOCKET_BROADCAST": "false"},
        "on": {},
        "refused": {"REDIS_URL": "redis://127.0.0.1:9/0"},
        "silent": {"REDIS_URL": UNREACHABLE},
    }
    publishers: dict[str, Orders] = {}
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
