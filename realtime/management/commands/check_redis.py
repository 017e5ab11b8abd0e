"""Reports whether Redis, Pub/Sub and the channel layer work."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from realtime.channel_layer import redis_check
from realtime.management.scripted import ScriptedCommand

CONNECTED = "✓ Redis is connected and running!"  # the last line; scripts of the chat's old servers look for it


class Command(ScriptedCommand):
    help = (
        "Try Redis, Pub/Sub and a round trip through the channel layer, with the time that each took. Exit status 1 "
        "when something does not work; 2 when REDIS_URL is not set, so that there is nothing to try."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_URL:
            raise CommandError("REDIS_URL is not set: the channel layer is in memory, for one process.", returncode=2)
        found = redis_check.findings()
        lines = [f"{one.name}: {one.milliseconds} ms" if one.well else f"{one.name}: NO, {one.fault}" for one in found]
        if found[-1].well:
            lines.append(CONNECTED)
        self.report(options, "\n".join(lines), {"well": found[-1].well, "findings": [asdict(one) for one in found]})
        if not found[-1].well:
            raise CommandError(f"Redis does not work: {found[-1].fault}", returncode=1)
