"""Old clients of the chat: people with tokens, and what they ask for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from messaging import client_socket, contacts
from messaging.chat import delivered
from messaging.contacts import ContactRule
from messaging.live import deliveries as live_deliveries
from messaging.live import presence, typing
from messaging.live.deliveries import Deliveries
from realtime.channel_layer import broadcast
from realtime.delivery.hub import Hub
from realtime.delivery.reader import Reader
from realtime.transports import long_poll, sse, websocket

CHAT = "/api/v1/communication/"


class OldClient:
    """A client that a person is signed in with by a token."""

    def __init__(self, person: Any, scheme: str = "Token") -> None:
        self.person = person
        self.key = Token.objects.get_or_create(user=person)[0].key
        self._client = Client(headers={"authorization": f"{scheme} {self.key}"}, raise_request_exception=True)

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(CHAT + path, query)

    def post(self, path: str, body: Any = None, **form: Any) -> Any:
        """Post JSON, or with fields a form with files."""
        if form:
            return self._client.post(CHAT + path, form)
        return self._client.post(CHAT + path, body if body is not None else {}, content_type="application/json")

    def patch(self, path: str, body: Any) -> Any:
        return self._client.patch(CHAT + path, body, content_type="application/json")

    def put(self, path: str, body: Any) -> Any:
        return self._client.put(CHAT + path, body, content_type="application/json")

    def delete(self, path: str) -> Any:
        return self._client.delete(CHAT + path)

    def send(self, receiver: Any, text: str = "Hello", **more: Any) -> dict[str, Any]:
        """Send a message, and return it."""
        answer = self.post("chats/", {"receiver_id": str(receiver.pk), "message": text, **more})
        assert answer.status_code == 201, answer.content
        return answer.json()

    def unread(self) -> int:
        return self.get("chats/unread-count/").json()["total_unread"]


def error_of(answer: Any) -> str:
    """The text of a refusal in the form of the contract."""
    assert set(answer.json()) == {"error"}, answer.content
    return answer.json()["error"]


class Strangers(ContactRule):
    """People of different tenants: nobody reaches anybody, but global people everybody."""

    def __init__(self, *everywhere: Any) -> None:
        self.everywhere = {one.pk for one in everywhere}

    def reachable(self, person: Any) -> Any:
        people = super().reachable(person)
        return people if person.pk in self.everywhere else people.filter(pk__in={*self.everywhere, person.pk})

    def may_write(self, sender: Any, receiver: Any) -> bool:
        return receiver.is_active and bool({sender.pk, receiver.pk} & self.everywhere)


@pytest.fixture
def strangers():
    """``strangers(manager)``: from now on nobody else reaches anybody."""
    before = contacts.rule()
    yield lambda *everywhere: contacts.set_rule(Strangers(*everywhere))
    contacts.set_rule(before)


@pytest.fixture
def live_chat(new_database, on_database, monkeypatch, settings) -> Iterator[Hub]:
    """A hub whose tail turns by itself, on a database of the test's own, for every door of the chat."""
    on_database(new_database("sqlite"))
    settings.USE_DAPHNE = True
    made, writers, deliveries = Hub(), Reader(), Deliveries()
    for module in (sse, websocket, long_poll):
        monkeypatch.setattr(module, "hub", made)
    made.observers = list(broadcast.hub.observers)
    for module in (broadcast, typing, presence, live_deliveries):
        monkeypatch.setattr(module, "hub", made)
    monkeypatch.setattr(typing, "typists", typing.Typists(made.send_ephemeral))
    monkeypatch.setattr(client_socket, "writers", writers)
    monkeypatch.setattr(delivered, "deliveries", deliveries)
    yield made
    made.close()
    made.wake()
    if made._thread:
        made._thread.join(5)
    if deliveries._thread:
        deliveries._thread.join(5)
    for reader in (made.reader, writers):
        if reader._pool is not None:
            reader._pool.shutdown()


@pytest.fixture
def as_ana(ana) -> OldClient:
    return OldClient(ana)


@pytest.fixture
def as_ben(ben) -> OldClient:
    return OldClient(ben)


@pytest.fixture
def as_cora(cora) -> OldClient:
    return OldClient(cora)
