"""Conversations for the publisher of our site (benchmarks/site_publisher.py): their contents, and opening them."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import RequestFactory

from messaging import conversations, sending
from messaging.models import Conversation, Message, Receipt
from messaging.page import conversations as page

ROWS = 2_000  # in one statement


class Conversations:
    """Commands that make conversations, and that open them as the page of messages does."""

    def group(self, people: int) -> dict[str, Any]:
        """Make a conversation of the first users."""
        users = list(User.objects.order_by("pk")[:people])
        made = conversations.create(creator=users[0], kind="group", participants=users, subject="Everybody")
        return {"conversation": made.pk}

    def pairs(self, pairs: int) -> dict[str, Any]:
        """Make a direct conversation of each two users, with its first message. Return their ids, and the users'."""
        users = list(User.objects.order_by("pk")[: 2 * pairs])
        made = []
        for one, other in zip(users[::2], users[1::2], strict=True):
            message, _ = sending.send(sender=one, receiver=other, text="Good morning")
            made.append(message.conversation_id)
        return {"conversations": made, "people": [one.pk for one in users]}

    def histories(self, short: int, long: int, listed: int, each: int) -> dict[str, Any]:
        """Make conversations of a reader with so many unread messages, and two people with ``listed`` conversations.

        Return the ids to open, by kind and size, and the ids of the two people: one has one unread message in each
        conversation, the other ``each``.
        """
        reader, writer = (User.objects.create(username=f"history-{name}") for name in ("reader", "writer"))
        opened = {}
        for size, messages in (("short", short), ("long", long)):
            group = conversations.create(creator=writer, kind="group", participants=[reader, writer], subject=size)
            opened[f"group_{size}"] = self._filled(group, writer, reader, messages)
            other = User.objects.create(username=f"history-{size}")
            direct = conversations.create(creator=other, kind="direct", participants=[reader])
            opened[f"direct_{size}"] = self._filled(direct, other, reader, messages)
        lists = {}
        for size, messages in (("short", 1), ("long", each)):
            owner = User.objects.create(username=f"list-{size}")
            others = User.objects.bulk_create(User(username=f"list-{size}-{number}") for number in range(listed))
            for other in others:
                direct = conversations.create(creator=other, kind="direct", participants=[owner])
                self._filled(direct, other, owner, messages)
            lists[f"list_{size}"] = owner.pk
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return {"reader": reader.pk, "opened": opened, "lists": lists}

    @staticmethod
    def _filled(place: Conversation, writer: User, reader: User, messages: int) -> int:
        """Write unread messages into a new conversation, without events: these do not stay in the log for ever."""
        texts = (f"Message {number}" for number in range(messages))
        for first in range(0, messages, ROWS):
            numbers = range(first + 1, min(first + ROWS, messages) + 1)
            made = Message.objects.bulk_create(
                Message(conversation=place, seq=number, sender=writer, text=next(texts)) for number in numbers
            )
            if place.is_direct:
                Receipt.objects.bulk_create(Receipt(message=message, person=reader) for message in made)
        newest = {"last_seq": messages, "last_message": made[-1], "last_message_at": made[-1].sent_at}
        Conversation.objects.filter(pk=place.pk).update(**newest)
        return place.pk

    def open_in_turn(self, reader: int, opened: dict[str, int], lists: dict[str, int], times: int) -> dict[str, Any]:
        """Open each conversation and each list as the page does, in turns.

        Return the median milliseconds (``group_short_ms``) and the number of queries (``…_queries``) of each.
        """
        acts = {
            **{name: self._opening(reader, conversation_id=pk) for name, pk in opened.items()},
            **{name: self._opening(owner) for name, owner in lists.items()},
        }
        values: dict[str, float] = {}
        taken: dict[str, list[float]] = {name: [] for name in acts}
        for name, act in acts.items():
            values[f"{name}_queries"] = self._queries(act)
        for _ in range(times):
            for name, act in acts.items():
                begin = time.perf_counter()
                act()
                taken[name].append((time.perf_counter() - begin) * 1000)
        return values | {f"{name}_ms": statistics.median(each) for name, each in taken.items()}

    @staticmethod
    def _opening(who: int, **place: int) -> Callable[[], None]:
        views = (page.one, page.history) if place else (page.every,)

        def act() -> None:
            request = RequestFactory().get("/", {} if place else {"limit": page.MOST})
            request.user = User.objects.get(pk=who)
            for view in views:
                assert view(request, **place).status_code == 200

        return act

    @staticmethod
    def _queries(act: Callable[[], None]) -> int:
        found = 0

        def count(execute: Callable, *details: Any) -> Any:
            nonlocal found
            found += 1
            return execute(*details)

        with connection.execute_wrapper(count):
            act()
        return found
