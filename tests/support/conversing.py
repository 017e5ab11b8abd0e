"""People who write to each other while a site is interrupted: by the services, and by HTTP as programs do.

Both write down what they have done (``Record``), so that the truth is known without asking the site. A request without
an answer is sent again under the same ``client_id`` until it is answered: a message that was stored all the same must
not be stored twice.
"""

import itertools
import random
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.contrib.auth.models import User
from django.db import connections
from rest_framework.authtoken.models import Token

from messaging import conversations, editing, receipts, sending
from messaging.models import Conversation
from tests.support import http
from tests.support.chat_clients import CHAT
from tests.support.database import retrying

ANSWER_SECONDS = 90.0  # within which every request is answered, however often it was sent
AGAIN_SECONDS = 0.2


@dataclass(frozen=True)
class Sent:
    """A message that was sent. ``receiver_id`` is ``None`` in the group."""

    id: int
    conversation_id: int
    sender_id: int
    receiver_id: int | None
    client_id: str


@dataclass
class Record:
    """What was done. Read ``sent`` and the others when everybody has stopped."""

    sent: dict[int, Sent] = field(default_factory=dict)
    read: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))  # message by message, by person
    read_up_to: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))  # person, conversation
    edited: int = 0
    sent_again: int = 0  # requests that had no answer
    lock: threading.Lock = field(default_factory=threading.Lock)

    def sent_to(self, person: User) -> list[int]:
        """The ids of the messages that this person was sent in direct conversations."""
        with self.lock:
            return [one.id for one in self.sent.values() if one.receiver_id == person.pk]

    def own(self, person: User, name: str) -> list[int]:
        """The ids of the messages that this person has sent by the writer of this name."""
        with self.lock:
            mine = (one for one in self.sent.values() if one.client_id.startswith(f"{name}."))
            return [one.id for one in mine if one.sender_id == person.pk]

    def has_read(self, person_id: int, one: Sent) -> bool:
        """Whether a person has read a message."""
        return one.id in self.read[person_id] or one.id <= self.read_up_to[person_id, one.conversation_id]

    def receipts(self, person_id: int) -> set[int]:
        """The messages of direct conversations that a person was sent and has read."""
        return {one.id for one in self.sent.values() if one.receiver_id == person_id and self.has_read(person_id, one)}

    def unread(self, person_id: int, members: set[int]) -> dict[int, int]:
        """How much must be unread for a person, by conversation. ``members``: the people of the group."""
        found: dict[int, int] = defaultdict(int)
        for one in self.sent.values():
            was_sent = one.receiver_id == person_id or (one.receiver_id is None and person_id in members)
            if was_sent and one.sender_id != person_id and not self.has_read(person_id, one):
                found[one.conversation_id] += 1
        return dict(found)


class Circle:
    """Four people: three write to each other, a fourth to the third only; the fourth and the first two are a group.

    ``outsider`` takes part in nothing. ``tokens`` are everybody's, by id.
    """

    def __init__(self, people: list[User], outsider: User) -> None:
        first, second, third, fourth = people
        self.people, self.outsider = people, outsider
        self.pairs = [(first, second), (second, third), (third, first), (third, fourth)]
        self.group: Conversation = conversations.create(
            creator=first, kind=Conversation.Kind.GROUP, participants=[second, fourth], subject="The road crew"
        )
        self.members = [first, second, fourth]
        self._direct: dict[tuple[int, int], Conversation] = {}
        self.tokens = {one.pk: Token.objects.get_or_create(user=one)[0].key for one in [*people, outsider]}
        self.record = Record()

    def places(self, person: User) -> list[Conversation]:
        """The conversations in which a person takes part, as far as they exist."""
        for one, other in self.pairs:
            if (one.pk, other.pk) not in self._direct:
                place = retrying(lambda one=one, other=other: conversations.open_direct(one, other))
                if place is not None:
                    self._direct[one.pk, other.pk] = place
        direct = [place for people, place in self._direct.items() if person.pk in people]
        return [*direct, self.group] if person in self.members else direct


class Writer:
    """Writes, reads and edits at a steady pace on a thread of its own, until it is stopped. Base of the two ways."""

    a_second: float

    def __init__(self, circle: Circle, name: str, seed: int) -> None:
        self.circle, self.record = circle, circle.record
        self._name, self._pace, self._random = name, 1 / self.a_second, random.Random(f"{seed}/{name}")
        self._numbers = itertools.count(1)
        self._over = threading.Event()
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.start()

    def stop(self) -> None:
        """End it after what it is doing. Raise what went wrong meanwhile."""
        self._over.set()
        self._thread.join(ANSWER_SECONDS + 10)
        if self._fault:
            raise self._fault
        assert not self._thread.is_alive(), f"{self._name} does not end"

    def _run(self) -> None:
        try:
            due = time.monotonic()
            while not self._over.wait(max(0.0, due - time.monotonic())):
                self._act()
                due = max(due + self._pace, time.monotonic() - 1)  # what was held up is made up for by a second at most
        except Exception as error:  # noqa: BLE001 (told by stop)
            self._fault = error
        finally:
            connections.close_all()

    def _act(self) -> None:
        sender, receiver = self._random.sample(self._random.choice(self.circle.pairs), 2)
        kind = self._random.random()
        if kind < 0.5:
            self._send(sender, receiver)
        elif kind < 0.7:
            self._send(self._random.choice(self.circle.members), None)
        elif kind < 0.9:
            self.read(self._random.choice(self.circle.people))
        elif own := self.record.own(sender, self._name):
            self.edit(sender, self._random.choice(own[-20:]))
            self.record.edited += 1

    def _send(self, sender: User, receiver: User | None) -> None:
        mark = f"{self._name}.{next(self._numbers)}"
        message_id, place = self.send(sender, receiver, mark)
        sent = Sent(message_id, place, sender.pk, receiver.pk if receiver else None, mark)
        with self.record.lock:
            self.record.sent[message_id] = sent

    def new_text(self) -> str:
        """A text that no other message has."""
        return f"edited {self._name}.{next(self._numbers)}"

    def send(self, sender: User, receiver: User | None, mark: str) -> tuple[int, int]:
        """Send a message (``None``: to the group). Return its id, and that of its conversation."""
        raise NotImplementedError

    def read(self, person: User) -> None:
        """Have a person read something."""
        raise NotImplementedError

    def edit(self, author: User, message_id: int) -> None:
        """Give a message another text."""
        raise NotImplementedError


class ServiceWriter(Writer):
    """Writes through the services, as a task or another part of the site does.

    While the database is away it does the same again: nothing here does more when it is done twice.
    """

    a_second = 4.0

    def send(self, sender: User, receiver: User | None, mark: str) -> tuple[int, int]:
        place = {"receiver": receiver} if receiver else {"conversation": self.circle.group}
        message, _ = retrying(lambda: sending.send(sender=sender, text=f"Message {mark}", client_id=mark, **place))
        return message.pk, message.conversation_id

    def read(self, person: User) -> None:
        places = self.circle.places(person)
        if not places:
            return
        place = self._random.choice(places)
        newest = retrying(lambda: place.messages.order_by("-seq").values_list("pk", flat=True).first())
        if newest:
            retrying(lambda: receipts.mark_read(person, conversation=place, up_to=newest))
            key = person.pk, place.pk
            with self.record.lock:
                self.record.read_up_to[key] = max(self.record.read_up_to[key], newest)

    def edit(self, author: User, message_id: int) -> None:
        text = self.new_text()
        retrying(lambda: editing.edit(actor=author, message_id=message_id, text=text))


class RequestWriter(Writer):
    """Writes by HTTP, with tokens, at one of the ``urls`` of the site. Sends again until it has an answer."""

    a_second = 2.0

    def __init__(self, circle: Circle, name: str, seed: int, urls: list[str]) -> None:
        self._urls = urls
        super().__init__(circle, name, seed)

    def send(self, sender: User, receiver: User | None, mark: str) -> tuple[int, int]:
        place = {"to_user_id": receiver.pk} if receiver else {"conversation_id": self.circle.group.pk}
        body = {"message": f"Message {mark}", "client_id": mark, **place}
        said = self._answer(sender, "POST", "/api/v1/messages", body)
        return int(said["id"]), int(said["conversation_id"])

    def read(self, person: User) -> None:
        ids = self.record.sent_to(person)[-50:]
        if ids:
            self._answer(person, "POST", f"{CHAT}/chats/mark-read/", {"message_ids": ids})
            with self.record.lock:
                self.record.read[person.pk].update(ids)

    def edit(self, author: User, message_id: int) -> None:
        self._answer(author, "PUT", f"/api/v1/messages/{message_id}", {"content": self.new_text()})

    def _answer(self, person: User, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Token {self.circle.tokens[person.pk]}"}
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                with http.Client(base_url=self._random.choice(self._urls), headers=headers, timeout=10) as program:
                    answer = program.request(method, path, json=body)
                if answer.status_code < 300:
                    found: dict[str, Any] = answer.json()
                    return found
                said = f"{answer.status_code} {answer.text[:200]}"
                assert answer.status_code in {429, 502, 503, 504}, f"{method} {path}: {said}"
            except httpx.HTTPError as error:
                said = repr(error)
            assert time.monotonic() < deadline, f"{method} {path} is not answered: {said}"
            with self.record.lock:
                self.record.sent_again += 1
            time.sleep(AGAIN_SECONDS)
