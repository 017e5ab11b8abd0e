"""A chat as the plan would build it: a Channels consumer for each client, in a group for each conversation.

A client's message is saved in PostgreSQL (BENCH_DATABASE), with its number, its receipt and the receiver's unread
count, and sent to the group. As in the plan, there is no log: a message that the layer drops is not sent again.
"""

import os
from urllib.parse import urlsplit

import django
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

_database = urlsplit(os.environ["BENCH_DATABASE"])
settings.configure(
    SECRET_KEY="only-a-peer",
    INSTALLED_APPS=[],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _database.path[1:],
            "USER": _database.username,
            "HOST": _database.hostname,
            "PORT": _database.port,
            "CONN_MAX_AGE": 600,
        }
    },
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
        }
    },
)
django.setup()

from django.db import connection, models, transaction  # noqa: E402
from django.db.models import F  # noqa: E402
from django.utils import timezone  # noqa: E402


class Conversation(models.Model):
    """A conversation of two people, known by the number of the pair."""

    pair = models.IntegerField(unique=True)
    last_message_at = models.DateTimeField(null=True)
    unread = models.IntegerField(default=0)

    class Meta:
        app_label = "plan"


class Message(models.Model):
    """A message."""

    conversation = models.ForeignKey(Conversation, models.CASCADE)
    text = models.TextField()
    sent_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "plan"


def _make_tables() -> None:
    with connection.schema_editor() as editor:
        for model in (Conversation, Message):
            editor.create_model(model)
    Conversation.objects.bulk_create(Conversation(pair=pair) for pair in range(int(os.environ["BENCH_PAIRS"])))
    connection.close()


@database_sync_to_async
def _save(pair: int, text: str) -> dict:
    with transaction.atomic():
        conversation = Conversation.objects.get(pair=pair)
        message = Message.objects.create(conversation=conversation, text=text)
        Conversation.objects.filter(pk=conversation.pk).update(
            last_message_at=message.sent_at, unread=F("unread") + 1
        )
    return {"id": message.pk, "conversation_id": pair, "text": text, "sent_at": message.sent_at.isoformat()}


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """One client of a conversation."""

    async def connect(self) -> None:
        self.pair = self.scope["url_route"]["kwargs"]["pair"]
        self.group = f"chat_{self.pair}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: dict, **kwargs: object) -> None:
        message = await _save(self.pair, content["text"])
        await self.channel_layer.group_send(self.group, {"type": "chat.message", "message": message})

    async def chat_message(self, event: dict) -> None:
        await self.send_json({"type": "message", "message": event["message"]})


_make_tables()
application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/chat/<int:pair>/", ChatConsumer.as_asgi())])})
