"""Faults 18 to 25 of the old chat: counts, previews and order are right whatever is read, deleted or sent at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from messaging.models import Conversation, Message
from realtime.log.models import Event, OutboxEvent
from tests.messaging.chat.conftest import OldClient
from tests.support.people import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("how", ["message_ids", "sender_id", "patch"])
def test_fault_18_every_way_to_read_lowers_the_count(as_ana, as_ben, ana, ben, how):
    sent = [as_ana.send(ben)["id"] for _ in range(3)]
    assert as_ben.unread() == 3
    if how == "patch":
        for number in sent:
            assert as_ben.patch(f"chats/{number}/", {"is_read": True, "read_at": "2026-01-15T10:45:00Z"}).json()[
                "is_read"
            ]
    else:
        as_ben.post("chats/mark-read/", {"message_ids": sent} if how == "message_ids" else {"sender_id": str(ana.pk)})
    assert as_ben.unread() == 0
    assert as_ben.get("chats/conversations/").json()[0]["unread_count"] == 0


def test_fault_19_ids_win_and_only_they_are_read(as_ana, as_ben, ben):
    sent = [as_ana.send(ben) for _ in range(3)]
    place = str(sent[0]["conversation"])
    answer = as_ben.post("chats/mark-read/", {"message_ids": [sent[0]["id"]], "conversation_id": place})
    assert answer.json()["marked_count"] == 1
    assert as_ben.unread() == 2


@pytest.mark.usefixtures("live_chat")
def test_fault_20_sixty_parallel_sends_make_sixty():
    sender, receiver = person(), person()
    client = OldClient(sender)

    def send(number: int) -> int:
        try:
            return client.send(receiver, f"{number}")["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as senders:
        sent = list(senders.map(send, range(60)))
    assert len(set(sent)) == 60
    assert OldClient(receiver).unread() == 60


def test_fault_21_a_stranger_changes_nothing(as_ana, as_ben, as_cora, ben):
    sent = as_ana.send(ben)
    for given_ in ({"conversation_id": str(sent["conversation"])}, {"message_ids": [sent["id"]]}):
        answer = as_cora.post("chats/mark-read/", given_)
        assert (answer.status_code, answer.json()["marked_count"]) == (200, 0)
    assert as_ben.unread() == 1


def test_fault_22_a_note_to_self_is_listed_once_and_is_read(as_ana, ana):
    note = as_ana.send(ana, "Milk")
    assert (note["sender"], note["receiver"], note["is_read"]) == (ana.pk, ana.pk, True)
    [row] = as_ana.get("chats/conversations/").json()
    assert (row["unread_count"], row["other_user"]["id"], row["last_message"]) == (0, ana.pk, "Milk")
    assert as_ana.unread() == 0
    assert [one["id"] for one in as_ana.get("chats/").json()["results"]] == [note["id"]]
    assert [one["id"] for one in as_ana.get("chats/", receiver=ana.pk, is_read="true").json()["results"]] == [
        note["id"]
    ]


def test_fault_23_a_deleted_message_counts_and_shows_no_more(as_ana, as_ben, ben):
    as_ana.send(ben, "first")
    last = as_ana.send(ben, "last")
    assert as_ana.delete(f"chats/{last['id']}/").status_code == 204
    assert as_ben.unread() == 1
    assert as_ben.get("chats/conversations/").json()[0]["last_message"] == "first"


def test_fault_24_a_message_and_its_event_are_one(as_ana, ben, monkeypatch):
    def fails(*_: Any) -> None:
        raise RuntimeError("the log cannot be written")

    monkeypatch.setattr("messaging.sending.publish", fails)
    with pytest.raises(RuntimeError):
        as_ana.post("chats/", {"receiver_id": ben.pk, "message": "Hi"})
    assert not Message.objects.exists()
    assert not Conversation.objects.exists()
    monkeypatch.undo()
    as_ana.send(ben)
    kinds = {*Event.objects.values_list("type", flat=True), *OutboxEvent.objects.values_list("type", flat=True)}
    assert "message_created" in kinds


def test_fault_25_the_list_shows_the_newest_message(as_ana, as_ben, ana, ben):
    newest = [client.send(other, f"{n}") for n, (client, other) in enumerate([(as_ana, ben), (as_ben, ana)] * 2)][-1]
    assert as_ana.get("chats/conversations/").json()[0]["last_message"] == newest["message"]
