"""The publisher's process: ``python -m benchmarks.publisher MODULE`` feeds the server of that module.

Orders come as JSON lines on stdin, as for the clients. ``MODULE.Publisher`` has ``one`` and ``burst``; whatever else it
has that is ordered (ours: ``saves``) is called with the order's details.
"""

import importlib
import json
import sys
import time
from typing import Any


def event(number: int) -> dict[str, Any]:
    """What every contender sends: the envelope of our ``projects_changed``, with the clients' mark in it."""
    return {
        "id": number,
        "type": "projects_changed",
        "at": "2026-01-01T00:00:00.000+08:00",
        "source": f"bench-{number:06};",
        "created": 0,
        "updated": number,
        "summary": "Status of projects changed",
        "actor": "the bench",
    }


class Orders:
    """What can be ordered."""

    def __init__(self, module: str) -> None:
        self._publisher = importlib.import_module(module).Publisher()
        self._number = 0

    def ready(self) -> dict[str, Any]:
        """Answers when it is."""
        return {}

    def burst(self, events: int) -> dict[str, Any]:
        """So many events together; when that began and ended (CLOCK_MONOTONIC)."""
        these = [event(number) for number in self._next(events)]
        began = time.monotonic()
        self._publisher.burst(these)
        return {"began": began, "ended": time.monotonic()}

    def steady(self, rate: float, events: int) -> dict[str, Any]:
        """Events one by one at ``rate`` a second: number and moment of commit of each; how late the last one was."""
        begin = time.monotonic()
        sent = []
        for index, number in enumerate(self._next(events)):
            pause = begin + index / rate - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            sent.append((number, self._publisher.one(event(number))))
        late = sent[-1][1] - (begin + (events - 1) / rate)
        return {"sent": sent, "late": late}

    def _next(self, events: int) -> range:
        first, self._number = self._number, self._number + events
        return range(first, self._number)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._publisher, name)


def main() -> None:
    orders = Orders(sys.argv[1])
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(orders, order.pop("do"))(**order)
        except Exception as error:  # noqa: BLE001 (whatever it is, who gave the order has to know)
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
