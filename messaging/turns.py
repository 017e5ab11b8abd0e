"""What writing costs: each message, reaction, file and word of typing is charged to the person, over all doors."""

from typing import Any

from django.conf import settings

from .errors import MessagingError
from .rates import SharedBuckets, shared_redis


class TooOften(MessagingError):
    """Somebody writes more often than is allowed. ``seconds``: until they may again."""

    status = 429
    code = "too_often"

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many requests")
        self.seconds = seconds


_redis = shared_redis()
senders = SharedBuckets("send", settings.CHAT_BURST, settings.CHAT_RATE, _redis)
typists = SharedBuckets("type", settings.CHAT_BURST, settings.CHAT_RATE, _redis)


def charge(person: Any) -> None:
    """Charge a person with a message, or with what others are told of like of one. Raises TooOften."""
    _take(senders, person)


def charge_typing(person: Any) -> None:
    """Charge a person with saying that they type, or have stopped. Raises TooOften."""
    _take(typists, person)


def _take(buckets: SharedBuckets, person: Any) -> None:
    if seconds := buckets.take(person.pk):
        raise TooOften(seconds)
