"""A chat as the plan would build it: a Channels consumer for each client, in a group of the Redis layer.

A message is saved in PostgreSQL (BENCH_DATABASE), with what lists show of the conversation and the receiver's unread
count, and sent to the groups of the two people. Nobody's session is checked: the path says who it is. As in the plan,
there is no log: a message that the layer drops is not sent again.
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


class User(models.Model):
    """A person."""

    username = models.CharField(max_length=150)
    is_active = models.BooleanField(default=True)

    class Meta:
        app_label = "plan"

    def __str__(self) -> str:
        return str(self.pk)


class Conversation(models.Model):
    """The conversation of two people, with what lists show of it."""

    user1 = models.ForeignKey(User, models.CASCADE, related_name="+")
    user2 = models.ForeignKey(User, models.CASCADE, related_name="+")
    last_message = models.CharField(max_length=100)
    last_message_at = models.DateTimeField(null=True)
    last_message_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    unread_count_user1 = models.IntegerField(default=0)
    unread_count_user2 = models.IntegerField(default=0)

    class Meta:
        app_label = "plan"
        constraints = [models.UniqueConstraint(fields=["user1", "user2"], name="plan_pair_once")]

    def __str__(self) -> str:
        return str(self.pk)


class ChatMessage(models.Model):
    """A message."""

    conversation = models.ForeignKey(Conversation, models.CASCADE)
    sender = models.ForeignKey(User, models.CASCADE, related_name="+")
    receiver = models.ForeignKey(User, models.CASCADE, related_name="+")
    message = models.TextField()
    timestamp = models.DateTimeField(default=timezone.now)
    is_read = models.BooleanField(default=False)

    class Meta:
        app_label = "plan"
        indexes = [models.Index(fields=["conversation", "-timestamp"], name="plan_history")]

    def __str__(self) -> str:
        return str(self.pk)


def _make_tables() -> None:
    with connection.schema_editor() as editor:
        for model in (User, Conversation, ChatMessage):
            editor.create_model(model)
    User.objects.bulk_create(User(pk=1 + n, username=f"person{n}") for n in range(int(os.environ["BENCH_PEOPLE"])))
    connection.close()


@database_sync_to_async
def _user(pk: int) -> User:
    return User.objects.get(pk=pk, is_active=True)


@database_sync_to_async
def _save(sender: User, receiver_id: int, text: str) -> dict:
    with transaction.atomic():
        receiver = User.objects.get(pk=receiver_id, is_active=True)
        first, second = sorted((sender, receiver), key=lambda one: one.pk)
        conversation, _ = Conversation.objects.get_or_create(user1=first, user2=second)
        message = ChatMessage.objects.create(conversation=conversation, sender=sender, receiver=receiver, message=text)
        unread = "unread_count_user1" if receiver == first else "unread_count_user2"
        Conversation.objects.filter(pk=conversation.pk).update(
            last_message=text[:100],
            last_message_at=message.timestamp,
            last_message_by=sender,
            **{unread: F(unread) + 1},
        )
    return {
        "id": message.pk,
        "conversation_id": conversation.pk,
        "sender_id": sender.pk,
        "sender_name": sender.username,
        "receiver_id": receiver.pk,
        "message": text,
        "timestamp": message.timestamp.isoformat(),
    }


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """One client. Each person has a group; a message goes to those of the two."""

    async def connect(self) -> None:
        self.user = await _user(self.scope["url_route"]["kwargs"]["user"])
        self.group = f"chat_user_{self.user.pk}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content: dict, **kwargs: object) -> None:
        message = await _save(self.user, content["receiver_id"], content["message"])
        for user in (message["receiver_id"], self.user.pk):
            await self.channel_layer.group_send(f"chat_user_{user}", {"type": "chat.message", "message": message})

    async def chat_message(self, event: dict) -> None:
        await self.send_json({"type": "chat_message", **event["message"]})


_make_tables()
application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/chat/<int:user>/", ChatConsumer.as_asgi())])})
