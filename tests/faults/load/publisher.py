"""A process that commits events at a steady rate like a server of the site: to the log, with hints through Redis.

Run it with ``python -m tests.faults.load.publisher RATE SECONDS`` and the environment of the site. It stops early when
its input ends. It then writes the ids, and the time before each commit (seconds, monotonic).
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from .crowd import ROOT

PROJECTS = 20  # ids that events refer to; the projects need not exist


class PublisherProcess:
    """Controls such a process."""

    def __init__(self, environment: Mapping[str, str], rate: float, seconds: float) -> None:
        # A file, since a pipe holds only 64 KB and is not read before the end.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed on exit)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.load.publisher", str(rate), str(seconds)],
            cwd=ROOT,
            env={**environment, "DJANGO_SETTINGS_MODULE": "gistagum.settings"},
            stdin=subprocess.PIPE,
            stdout=self._said,
        )
        self.pid = self._process.pid

    def working(self) -> bool:
        """Return whether it is still publishing."""
        return self._process.poll() is None

    def finish(self, seconds: float = 30) -> dict[str, Any]:
        """Stop it and return its output."""
        self._process.communicate(timeout=seconds)
        assert self._process.returncode == 0, f"The publisher ended with {self._process.returncode}"
        self._said.seek(0)
        return json.loads(self._said.read())

    def __enter__(self) -> "PublisherProcess":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        self._said.close()


def publish_one(number: int) -> float:
    """Publish an event for users who see all projects. Return the time before its commit."""
    from django.db import transaction

    from projeng.access import ALL_PROJECTS
    from projeng.events import ProjectUpdated
    from realtime.log.publish import Announcement, publish

    project = number % PROJECTS + 1
    event = ProjectUpdated(
        project_id=project,
        prn=f"PRN-{project:05}",
        summary=f"Change {number} of the cost of a road of some length",
        actor="Somebody at work",
        activity_id=number,
        name=f"Concreting of the road at barangay {project}",
        status="in_progress",
        barangay="Apokon",
        changes={"project_cost": {"old": f"{number}.00", "new": f"{number + 1}.00"}},
    )
    with transaction.atomic():
        publish(Announcement(event, [ALL_PROJECTS]))
        moment = time.monotonic()
    return moment


def places_of(count: int, after: int) -> list[int]:
    """The ids that these events have got in the log, in the order in which they were published."""
    from realtime.log import numbering
    from realtime.log.models import Event
    from realtime.log.numberer import numberer

    while numbering.pending():
        numberer.wait(numberer.request(), 1.0)
    rows = Event.objects.filter(id__gt=after, type="project_updated").order_by("id")
    ids = {number: pk for pk, number in rows.values_list("id", "fields__activity_id")}
    return [ids[number] for number in range(count)]


def main() -> None:
    import django

    django.setup()
    rate, seconds = float(sys.argv[1]), float(sys.argv[2])
    from realtime.log import replay

    before = replay.head()
    moments: list[float] = []
    behind = 0.0
    begun = time.monotonic()
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        late = time.monotonic() - due
        behind = max(behind, late)
        if select.select([sys.stdin], [], [], max(0.0, -late))[0]:
            break
        moments.append(publish_one(number))
    took = time.monotonic() - begun
    ids = places_of(len(moments), before)
    from realtime.channel_layer.broadcast import broadcast

    layer = broadcast.layer
    sys.stdout.write(
        json.dumps(
            {
                "first": ids[0],
                "last": ids[-1],
                "in_step": ids == list(range(ids[0], ids[0] + len(ids))),
                "moments": moments,
                "rate": round(len(moments) / took, 1),
                "most_behind_seconds": round(behind, 2),
                "hints_sent": layer.sent,
                "hints_failed": layer.failed,
            }
        )
    )
    sys.stdout.flush()
    os._exit(0)  # without waiting for the layer's thread


if __name__ == "__main__":
    main()
