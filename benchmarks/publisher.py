"""The publisher's process: ``python -m benchmarks.publisher MODULE`` publishes events to the server of that module.

Commands are JSON lines on stdin, as for the clients. ``MODULE.Publisher`` has the methods ``one`` and ``burst``. Its
other methods (ours: ``saves``) can be commands as well, and are called with the command's details.
"""

import importlib
import json
import sys
import time
from typing import Any


def event(number: int) -> dict[str, Any]:
    """Return the event that every contender sends: the envelope of our ``projects_changed``, with the clients' mark."""
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


class Commands:
    """The commands of the publisher."""

    def __init__(self, module: str) -> None:
        self._publisher = importlib.import_module(module).Publisher()
        self._number = 0

    def ready(self) -> dict[str, Any]:
        """Respond when the process is ready."""
        return {}

    def burst(self, events: int) -> dict[str, Any]:
        """Publish a burst of events, and return when it began and ended (CLOCK_MONOTONIC)."""
        these = [event(number) for number in self._next(events)]
        began = time.monotonic()
        self._publisher.burst(these)
        return {"began": began, "ended": time.monotonic()}

    def steady(self, rate: float, events: int) -> dict[str, Any]:
        """Publish single events at ``rate`` a second. Return the number and commit time of each, and the final lag."""
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
    commands = Commands(sys.argv[1])
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(commands, order.pop("do"))(**order)
        except Exception as error:  # noqa: BLE001 (any error is the response to the command)
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
