"""The migration plan word for word, as a peer: a Channels consumer per client in a group of the core Redis layer.

Run by benchmarks/fanout.py under Daphne; REDIS_URL says where Redis is.
"""

import json
import os

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter
from django.conf import settings

settings.configure(
    SECRET_KEY="only-a-peer",
    INSTALLED_APPS=[],
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
        }
    },
)
django.setup()


class ProjectUpdateConsumer(AsyncWebsocketConsumer):
    """As the plan has it."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("project_updates", self.channel_name)
        await self.accept()

    async def disconnect(self, close_code: int) -> None:
        await self.channel_layer.group_discard("project_updates", self.channel_name)

    async def send_update(self, event: dict) -> None:
        await self.send(text_data=json.dumps(event["data"]))


application = ProtocolTypeRouter({"websocket": ProjectUpdateConsumer.as_asgi()})
