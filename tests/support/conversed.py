"""Clients in conversations, and what must be true of them when their site has been through interruptions.

What each client must have been told follows from the log and the rule of audiences; what the log, the receipts and the
unread counts must be follows from what the writers wrote down.
"""

import itertools
import time
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from messaging import unread
from messaging.events import MESSAGES
from messaging.models import Conversation, Message, Receipt
from realtime.access import authority
from realtime.access.audience import may_see
from realtime.log import replay
from realtime.log.models import Event
from tests.support import http
from tests.support.chat_clients import CHAT, KINDS, ChatClient, ChatClients, Told, told_of
from tests.support.conversing import Circle
from tests.support.people import session_cookie
from tests.support.ports import wait_until
from tests.support.reconnecting_clients import ReconnectingClient

FEWEST_MESSAGES = 50
STILL_SECONDS = 1.0  # what was handed to connections counts as delivered a moment later
NAMED = 3  # examples of each fault


@dataclass
class OwnClient(ReconnectingClient):
    """A client of the site's own kind, for conversations. ``unread``: messages and conversations, as it shows them."""

    topics: str = MESSAGES
    unread: tuple[int, int] | None = None

    def take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "messages_unread":
            self.unread = frame["unread"], frame["conversations"]
        super().take(frame)


def differences(expected: Sequence[Hashable], got: Sequence[Hashable]) -> dict[str, list[Any]]:
    """What was lost, came twice, came out of order, or came to somebody for whom it was not."""
    places = {one: place for place, one in enumerate(expected)}
    known = [one for one in got if one in places]
    ordered = list(dict.fromkeys(known))
    return {
        "lost": [one for one in expected if one not in set(got)],
        "twice": [one for one, times in Counter(got).items() if times > 1],
        "out of order": [two for one, two in itertools.pairwise(ordered) if places[one] > places[two]],
        "not theirs": [one for one in got if one not in places],
    }


class Conversed:
    """The clients of a circle: each of its people, and the outsider, by every kind of client of the chat and by ours.

    They are spread over the ``urls`` of the site. With ``delivers_surely``, what a client was handed must count as
    delivered at the end. That is noted a moment later, so a server that is killed, or without a database, may not.
    """

    def __init__(self, circle: Circle, urls: list[str], *, delivers_surely: bool = True) -> None:
        self.circle, self.begin, self._delivers_surely = circle, replay.head(), delivers_surely
        people = [*circle.people, circle.outsider]
        places = itertools.cycle(urls)
        self.chat = [
            ChatClient(user_id=one.pk, cursor=self.begin, kind=kind, token=circle.tokens[one.pk], url=next(places))
            for one in people
            for kind in KINDS
        ]
        self.own = [
            OwnClient(one.pk, session_cookie(one), follows_server=number % 2 == 1, cursor=self.begin, url=next(places))
            for number, one in enumerate(people)
        ]
        self.clients = ChatClients(urls[0], [*self.chat, *self.own])

    def disconnected(self) -> int:
        """The number of clients that are not connected, without those that poll: an answer may take seconds."""
        return sum(not one.transport for one in [*self.chat, *self.own] if getattr(one, "kind", "") != "poll")

    def finish(self, url: str, seconds: float = 40) -> dict[str, Any]:
        """Wait until nothing comes any more, stop the clients, and return what was found. The writers have stopped.

        ``faults`` of the result are texts; there must be none.
        """
        head, since = -1, 0.0

        def settled() -> bool:
            """Whether nothing was written for a while, and everybody has everything."""
            nonlocal head, since
            before, head = head, replay.head()
            if head != before:
                since = time.monotonic()
            return time.monotonic() - since > STILL_SECONDS and not self._missing()

        faults = []
        try:
            wait_until(settled, "all was told", seconds)
        except AssertionError:
            faults.append(f"after {seconds} s still missing: {self._missing()[:NAMED]}")
        shown = self._shown(url)
        self.clients.stop()
        frames = self._frames()
        faults += self._faults_of_clients(frames) + self._faults_of_log(frames) + self._faults_of_truth(shown)
        record = self.circle.record
        if len(record.sent) < FEWEST_MESSAGES:
            faults.append(f"only {len(record.sent)} messages")
        return {
            "faults": faults,
            "messages": len(record.sent),
            "edited": record.edited,
            "requests_sent_again": record.sent_again,
            "told": sum(len(one.told) for one in self.chat) + sum(len(one.got) for one in self.own),
            "connections": dict(sum((one.used for one in self.clients.all), Counter())),
        }

    # --- what must have been told -------------------------------------------------------------------------------

    def _frames(self) -> list[replay.Frame]:
        rows = Event.objects.filter(id__gt=self.begin).order_by("id")
        return [frame for frame in map(replay.Frame, rows) if frame.topic == MESSAGES]

    def _compared(self, frames: list[replay.Frame]) -> list[tuple[str, Sequence[Any], Sequence[Any]]]:
        """Each client: its name, what it must have got and what it has got."""
        keys = {one: viewer.keys for one, viewer in authority.load({one.user_id for one in self.own}).items()}
        found: list[tuple[str, Sequence[Any], Sequence[Any]]] = []
        for client in self.chat:
            must: list[Told] = list(told_of(frames, client.user_id))
            if client.kind == "first":
                must = [one for one in must if one.name == "message"]
            found.append((f"{client.user_id} by {client.kind}", must, client.told))
        for own in self.own:
            ids = [frame.id for frame in frames if may_see(keys[own.user_id], frame.audience)]
            found.append((f"{own.user_id} by our own", ids, own.got))
        return found

    def _missing(self) -> list[str]:
        compared = self._compared(self._frames())
        missing = [f"{len(must) - len(got)} at {who}" for who, must, got in compared if len(got) < len(must)]
        for own in self.own:
            if own.unread != self._unread(own.user_id):
                missing.append(f"{own.user_id} is shown {own.unread} unread, not {self._unread(own.user_id)}")
        return missing

    def _faults_of_clients(self, frames: list[replay.Frame]) -> list[str]:
        faults = []
        for who, must, got in self._compared(frames):
            for what, which in differences(must, got).items():
                if which:
                    faults.append(f"{len(which)} {what} at {who}: {which[:NAMED]}")
        for client in [*self.chat, *self.own]:
            if client.user_id == self.circle.outsider.pk and (getattr(client, "told", []) or client.got):
                faults.append(f"somebody outside was told something, by {getattr(client, 'kind', 'our own')}")
        return faults

    # --- what must be true --------------------------------------------------------------------------------------

    def _unread(self, person_id: int) -> tuple[int, int]:
        found = self.circle.record.unread(person_id, {one.pk for one in self.circle.members})
        return sum(found.values()), len(found)

    def _faults_of_log(self, frames: list[replay.Frame]) -> list[str]:
        """Each message that was sent is stored once and announced once, and no other is."""
        sent = self.circle.record.sent
        faults = []
        announced = [one.fields["message"]["id"] for one in frames if one.type == "message_created"]
        stored = list(Message.objects.filter(sender__in=self.circle.people).values_list("client_id", "pk"))
        for where, must, got in (
            ("the log", [*sent], announced),
            ("the table", [(one.client_id, one.id) for one in sent.values()], stored),
        ):
            for what, which in differences(must, got).items():
                if which and what != "out of order":  # the record is in the order of answers
                    faults.append(f"{len(which)} messages {what} in {where}: {which[:NAMED]}")
        for place in Conversation.objects.filter(messages__pk__in=sent).distinct():
            numbers = list(place.messages.order_by("pk").values_list("seq", flat=True))
            if numbers != list(range(1, place.last_seq + 1)):
                faults.append(f"the numbers of conversation {place.pk} have gaps or are out of order")
        return faults

    def _shown(self, url: str) -> dict[int, int]:
        """How much of direct conversations the site shows as unread, by person."""
        found = {}
        for one in [*self.circle.people, self.circle.outsider]:
            headers = {"Authorization": f"Token {self.circle.tokens[one.pk]}"}
            answer = http.get(f"{url}{CHAT}/chats/unread-count/", headers=headers, timeout=20)
            found[one.pk] = answer.json()["total_unread"]
        return found

    def _faults_of_truth(self, shown: dict[int, int]) -> list[str]:
        """Receipts and unread counts are what the writers know."""
        faults = []
        record, members = self.circle.record, {one.pk for one in self.circle.members}
        for person in [*self.circle.people, self.circle.outsider]:
            must = record.unread(person.pk, members)
            if (counted := unread.per_conversation(person)) != must:
                faults.append(f"unread for {person.pk}: {counted}, not {must}")
            direct = sum(number for place, number in must.items() if place != self.circle.group.pk)
            if shown[person.pk] != direct:
                faults.append(f"the site shows {person.pk} {shown[person.pk]} unread in direct ones, not {direct}")
            mine = Receipt.objects.filter(person=person)
            read = set(mine.exclude(read_at=None).values_list("message_id", flat=True))
            if wrong := read ^ record.receipts(person.pk):
                faults.append(f"{len(wrong)} receipts of {person.pk} do not say what was read")
            undelivered = mine.filter(delivered_at=None).count()
            if undelivered and self._delivers_surely:
                faults.append(f"{undelivered} messages that {person.pk} was handed do not count as delivered")
        return faults
