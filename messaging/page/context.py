"""The context processor of all pages: what the header shows of messages. Only a page that shows it costs queries."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest

from .. import unread
from .conversations import muted_ids
from .views import attributes


class Header:
    """What the header shows of one person's messages."""

    def __init__(self, person: Any) -> None:
        self._person = person

    @cached_property
    def unread(self) -> int:
        """How many messages are unread."""
        return unread.total(self._person)[0]

    @property
    def attributes(self) -> dict[str, Any]:
        """The context of ``messaging/attributes.html``."""
        return attributes(self._person)

    @cached_property
    def muted(self) -> list[int]:
        """The ids of the conversations that are muted."""
        return muted_ids(self._person)


def header(request: HttpRequest) -> dict[str, Any]:
    """Return ``messages_header`` for a signed-in user; nothing for anonymous ones."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"messages_header": Header(user)}
