"""The original migration plan: a Channels consumer for each client, in a group of the Redis layer.

BENCH_VARIANT selects the layer: ``core`` (as in the plan) or ``pubsub``.
"""

import asyncio
import json
import os
import time

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter
from django.conf import settings

LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
settings.configure(
    SECRET_KEY="only-a-peer",
    INSTALLED_APPS=[],
    CHANNEL_LAYERS={
        "default": {"BACKEND": LAYERS[os.environ["BENCH_VARIANT"]], "CONFIG": {"hosts": [os.environ["REDIS_URL"]]}}
    },
)
django.setup()


class ProjectUpdateConsumer(AsyncWebsocketConsumer):
    """The consumer as in the plan."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("project_updates", self.channel_name)
        await self.accept()

    async def disconnect(self, close_code: int) -> None:
        await self.channel_layer.group_discard("project_updates", self.channel_name)

    async def send_update(self, event: dict) -> None:
        await self.send(text_data=json.dumps(event["data"]))


application = ProtocolTypeRouter({"websocket": ProjectUpdateConsumer.as_asgi()})


class Publisher:
    """Calls ``group_send``, as the plan's broadcast helper does after each commit."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def one(self, event: dict) -> float:
        """Send one event, and return the time of the simulated commit."""
        committed = time.monotonic()
        self._loop.run_until_complete(self._send(event))
        return committed

    def burst(self, events: list[dict]) -> None:
        """Send many events, one after the other."""

        async def send() -> None:
            for event in events:
                await self._send(event)

        self._loop.run_until_complete(send())

    async def _send(self, event: dict) -> None:
        await get_channel_layer().group_send("project_updates", {"type": "send_update", "data": event})
