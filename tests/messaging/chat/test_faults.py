"""The faults of the old chat that concern its HTTP, by the numbers of its contract: none of them happens here.

Those of streams and polling are in test_streams.py, those of WebSocket in test_sockets.py.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies
from PIL import Image

from messaging import contacts
from messaging.contacts import ContactRule
from messaging.live.models import PresenceProcess, PresentPerson
from messaging.models import Conversation, Message
from messaging.rates import SharedBuckets
from realtime.log.models import Event, OutboxEvent
from tests.messaging.chat.conftest import CHAT, OldClient
from tests.support.people import person

pytestmark = pytest.mark.django_db


def error_of(answer: Any) -> str:
    """The text of a refusal in the form of the contract."""
    assert set(answer.json()) == {"error"}, answer.content
    return answer.json()["error"]


def png(size: tuple[int, int] = (8, 8)) -> bytes:
    made = BytesIO()
    Image.new("RGB", size, "teal").save(made, "PNG")
    return made.getvalue()


def with_file(client: OldClient, receiver: Any, content: bytes, name: str = "a.png", **more: Any) -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post("chats/", receiver_id=str(receiver.pk), attachment=file, **more)


# --- unread counts ----------------------------------------------------------------------------------------------


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


# --- presence and typing ----------------------------------------------------------------------------------------


def present(one: Any, seconds: int) -> PresentPerson:
    """Somebody with a connection to a process that lives for so long."""
    process = PresenceProcess.objects.create(
        key=f"p{one.pk}{seconds}", alive_until=timezone.now() + timedelta(seconds=seconds)
    )
    return PresentPerson.objects.create(process=process, person=one)


def test_fault_26_somebody_with_two_connections_is_there_until_the_last_ends(as_ana, as_ben, ana, ben):
    as_ben.send(ana)
    rows = [present(ben, 60), present(ben, 50)]
    for still_there in (True, False):
        rows.pop().delete()
        assert (ben.pk in as_ana.get("chats/online-users/").json()["online_users"]) is still_there


@pytest.mark.parametrize(("seconds", "there"), [(60, True), (-1, False)])
def test_fault_27_both_readings_of_presence_have_one_source(as_ana, as_ben, ana, ben, seconds, there):
    as_ben.send(ana)
    present(ben, seconds)
    assert (ben.pk in as_ana.get("chats/online-users/").json()["online_users"]) is there
    assert as_ana.get("chats/conversations/").json()[0]["other_user"]["is_online"] is there
    assert as_ana.get(f"chats/conversation/{ben.pk}/").json()["other_user"]["is_online"] is there


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


def test_fault_28_who_is_there_is_told_of_partners_and_of_whom_one_may_write_to(
    as_ana, as_ben, as_cora, ana, ben, cora, strangers
):
    as_ana.send(ben)
    for one in (ana, ben, cora):
        present(one, 60)
    strangers()
    assert set(as_ana.get("chats/online-users/").json()["online_users"]) == {ana.pk, ben.pk}
    strangers(cora)
    assert set(as_cora.get("chats/online-users/").json()["online_users"]) == {ana.pk, ben.pk, cora.pk}


def test_fault_30_typing_is_stored_nowhere_and_false_may_be_text(as_ana, ben, django_assert_max_num_queries):
    with django_assert_max_num_queries(8) as queries:
        answer = as_ana.post("chats/typing/", {"receiver_id": ben.pk, "is_typing": "false"})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert not [one for one in queries.captured_queries if one["sql"].startswith(("INSERT", "UPDATE"))]


# --- rights -----------------------------------------------------------------------------------------------------


def test_fault_31_each_side_changes_what_is_its_own_and_nothing_else(as_ana, as_ben, as_cora, ana, ben, cora):
    sent = as_ana.send(ben, "first")
    address = f"chats/{sent['id']}/"
    other = as_cora.send(ben)
    assert as_ben.patch(address, {"message": "rewritten"}).status_code == 403
    assert as_ana.patch(address, {"is_read": True}).status_code == 403
    foreign = {
        "receiver": str(cora.pk),
        "conversation": other["conversation"],
        "read_at": "2020-01-01T00:00:00Z",
        "delivered_at": "2020-01-01T00:00:00Z",
        "attachment": "secret.pdf",
        "attachment_type": "image",
        "is_active": False,
        "sender": str(cora.pk),
    }
    for client in (as_ana, as_ben):
        answer = client.patch(address, foreign)
        assert (answer.status_code, answer.json()) == (200, sent)
    assert as_cora.patch(address, {"is_read": True}).status_code == 404
    assert as_ben.patch(address, {"is_read": True}).json()["is_read"] is True
    assert as_ben.patch(address, {"is_read": False}).json()["is_read"] is True
    changed = as_ana.patch(address, {"message": "second"})
    assert (changed.status_code, changed.json()["message"], changed.json()["is_read"]) == (200, "second", True)
    assert as_ana.patch(address, {"message": ""}).status_code == 400


def test_fault_32_only_the_sender_deletes_and_nothing_is_lost(as_ana, as_ben, ben):
    sent = as_ana.send(ben, "A mistake")
    address = f"chats/{sent['id']}/"
    assert as_ben.delete(address).status_code == 403
    assert as_ana.delete(address).status_code == 204
    for client in (as_ana, as_ben):
        assert client.get(address).status_code == 404
        assert client.get("chats/").json()["count"] == 0
    assert as_ana.delete(address).status_code == 404
    row = Message.objects.get(pk=sent["id"])
    assert row.deleted_at is not None
    assert [edit.text for edit in row.edits.all()] == ["A mistake"]


@pytest.mark.parametrize("attachment", ["chat_attachments/secret.pdf", "https://elsewhere/x", ["a"], {"a": 1}, 7])
def test_fault_33_an_attachment_is_a_file(as_ana, ben, attachment):
    answer = as_ana.post("chats/", {"receiver_id": ben.pk, "message": "Hi", "attachment": attachment})
    assert answer.status_code == 400
    assert error_of(answer) == "attachment must be a file"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""),
        ("page.html", b"<html><script>alert(1)</script></html>"),
        ("program.exe", b"MZ\x90\x00" + b"\0" * 200),
        ("picture.png", b"<html><script>alert(1)</script></html>"),
    ],
)
def test_fault_34_files_that_could_run_or_are_empty_are_refused(as_ana, ben, name, content):
    answer = with_file(as_ana, ben, content, name)
    assert answer.status_code == 400
    assert error_of(answer)


def test_fault_34_files_that_are_too_large_are_refused(as_ana, ben, settings):
    settings.MESSAGE_ATTACHMENT_MAX_MB = 1
    answer = with_file(as_ana, ben, b"x" * (2**20 + 1), "long.txt")
    assert (answer.status_code, error_of(answer)) == (400, "The file is larger than 1 MB.")


def test_fault_34_a_file_is_for_the_two_or_whoever_has_a_signed_address_and_is_saved(as_ana, as_ben, ben):
    sent = with_file(as_ana, ben, b"a,b\n1,2\n", "table.csv").json()
    address = as_ben.get(f"chats/{sent['id']}/").json()["attachment"]
    path = address.removeprefix("http://testserver")
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    answer.close()
    assert Client().get(path.partition("?")[0]).status_code in {401, 403}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("a.png", png(), "image"), ("a.txt", b"Hello", "document"), ("a.pdf", b"%PDF-1.4\n%%EOF\n", "document")],
)
def test_fault_35_the_type_is_told_by_the_content(as_ana, ben, name, content, kind):
    answer = with_file(as_ana, ben, content, name)
    assert (answer.status_code, answer.json()["attachment_type"]) == (201, kind)


def test_fault_35_a_long_name_is_no_fault(as_ana, ben):
    assert with_file(as_ana, ben, png(), f"{'x' * 300}.png").status_code == 201


def test_fault_36_addresses_are_absolute(as_ana, as_ben, ana, ben):
    sent = with_file(as_ana, ben, png()).json()
    assert sent["message"] == ""
    for said in (sent, as_ben.get(f"chats/conversation/{ana.pk}/").json()["messages"][0]):
        assert said["attachment"].startswith("http://testserver/")
        assert said["attachment_url"] == said["attachment"]
    assert as_ben.get("chats/conversations/").json()[0]["last_message"] == "[Attachment]"


# --- input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chats/", {"receiver_id": "no id", "message": "Hi"}),
        ("chats/", {"receiver_id": ["a"], "message": "Hi"}),
        ("chats/", {"receiver_id": 10**30, "message": "Hi"}),
        ("chats/", {"receiver_id": "BEN", "message": None}),
        ("chats/", {"receiver_id": "BEN", "message": 7}),
        ("chats/", {"receiver_id": "BEN", "message": "a\0b"}),
        ("chats/", {"receiver_id": "BEN", "message": "\ud800"}),
        ("chats/", {"receiver_id": "BEN", "message": "Hi", "client_id": {"a": 1}}),
        ("chats/", ["a list"]),
        ("chats/", None),
        ("chats/mark-read/", {"sender_id": "no id"}),
        ("chats/mark-read/", {"conversation_id": "seven"}),
        ("chats/mark-read/", {"message_ids": "7"}),
        ("chats/mark-read/", {"message_ids": ["seven"]}),
        ("chats/mark-read/", {"message_ids": [None]}),
        ("chats/mark-read/", {"message_ids": list(range(2000))}),
        ("chats/typing/", {}),
        ("chats/typing/", {"receiver_id": "no id"}),
        ("chats/typing/", {"receiver_id": "BEN", "is_typing": "perhaps"}),
        ("chats/typing/", {"receiver_id": "BEN", "is_typing": None}),
    ],
)
def test_fault_37_a_value_of_another_form_gets_400(as_ana, ben, path, body):
    if isinstance(body, dict) and body.get("receiver_id") == "BEN":
        body = {**body, "receiver_id": ben.pk}
    answer = as_ana.post(path, body)
    assert answer.status_code == 400
    assert error_of(answer)


@pytest.mark.parametrize(
    "query", [{"limit": "many"}, {"limit": -1}, {"limit": 0}, {"before_id": "x"}, {"offset": -1}, {"limit": "1e3"}]
)
def test_fault_37_bounds_that_are_no_numbers_get_400(as_ana, ben, query):
    answer = as_ana.get(f"chats/conversation/{ben.pk}/", **query)
    assert answer.status_code == 400
    assert error_of(answer)


@pytest.mark.parametrize("user_id", ["no-id", "0", "-1", "9" * 40, "%00", "é"])
def test_fault_37_an_address_with_no_id_of_a_user_gets_404(as_ana, user_id):
    answer = as_ana.get(f"chats/conversation/{user_id}/")
    assert (answer.status_code, error_of(answer)) == (404, "User not found")


def test_fault_38_texts_and_pages_have_a_limit(as_ana, ben):
    assert as_ana.post("chats/", {"receiver_id": ben.pk, "message": "x" * 10_000}).status_code == 201
    answer = as_ana.post("chats/", {"receiver_id": ben.pk, "message": "x" * 10_001})
    assert (answer.status_code, bool(error_of(answer))) == (400, True)
    assert len(as_ana.get(f"chats/conversation/{ben.pk}/", limit=1_000_000).json()["messages"]) == 1


def test_fault_38_whoever_writes_without_a_pause_waits(as_ana, ben, monkeypatch):
    monkeypatch.setattr("messaging.turns.senders", SharedBuckets("of the test", 3, 1))
    found = [as_ana.post("chats/", {"receiver_id": ben.pk, "message": "Hi"}) for _ in range(4)]
    assert [answer.status_code for answer in found] == [201, 201, 201, 429]
    assert int(found[-1]["Retry-After"]) >= 1
    assert error_of(found[-1])


def test_fault_38_whoever_changes_messages_without_a_pause_waits(as_ana, ben, monkeypatch):
    address = f"chats/{as_ana.send(ben)['id']}/"
    monkeypatch.setattr("messaging.turns.senders", SharedBuckets("of the test", 2, 1))
    found = [as_ana.patch(address, {"message": f"{number}"}).status_code for number in range(3)]
    found += [as_ana.put(address, {"receiver": ben.pk}).status_code, as_ana.delete(address).status_code]
    assert found == [200, 200, 429, 429, 429]


def test_fault_39_nobody_writes_to_whom_they_may_not_reach(as_ana, as_cora, ana, ben, cora, strangers):
    strangers(cora)
    for path in ("chats/", "chats/typing/"):
        answer = as_ana.post(path, {"receiver_id": ben.pk, "message": "Hi"})
        assert (answer.status_code, error_of(answer)) == (404, "Receiver not found")
    answer = as_ana.get(f"chats/conversation/{ben.pk}/")
    assert (answer.status_code, error_of(answer)) == (404, "User not found")
    as_ana.send(cora)
    as_cora.send(ben)


def test_fault_39_nobody_writes_to_a_disabled_account_and_what_was_written_stays(as_ana, ben):
    as_ana.send(ben)
    ben.is_active = False
    ben.save()
    answer = as_ana.post("chats/", {"receiver_id": ben.pk, "message": "Hi"})
    assert (answer.status_code, error_of(answer)) == (404, "Receiver not found")
    assert len(as_ana.get(f"chats/conversation/{ben.pk}/").json()["messages"]) == 1


def test_fault_40_looking_makes_no_conversation(as_ana, as_ben, ben):
    said = as_ana.get(f"chats/conversation/{ben.pk}/").json()
    assert (said["conversation_id"], said["messages"], said["has_more"]) == (None, [], False)
    assert as_ben.get("chats/conversations/").json() == []
    assert not Conversation.objects.exists()


def test_fault_41_there_is_more_only_where_there_is(as_ana, ben):
    for _ in range(4):
        as_ana.send(ben)
    answers = [as_ana.get(f"chats/conversation/{ben.pk}/", limit=limit).json() for limit in (3, 4, 5)]
    assert [answer["has_more"] for answer in answers] == [True, False, False]


def test_fault_42_the_order_is_that_of_the_ids(as_ana, ben):
    sent = [as_ana.send(ben)["id"] for _ in range(4)]
    Message.objects.filter(pk=sent[0]).update(sent_at=timezone.now() + timedelta(days=1))
    said = as_ana.get(f"chats/conversation/{ben.pk}/").json()["messages"]
    assert [one["id"] for one in said] == sent[::-1]


def test_fault_43_somebody_without_a_name_has_the_username(ana):
    nameless = person(first_name=" ", last_name=" ")
    client = OldClient(nameless)
    assert client.send(ana)["sender_name"] == nameless.username
    [row] = OldClient(ana).get("chats/conversations/").json()
    assert row["other_user"]["full_name"] == nameless.username


def test_fault_49_a_longer_list_of_conversations_costs_no_more_queries(as_ana, ana, django_assert_num_queries):
    def counted() -> int:
        with django_assert_num_queries(10, exact=False) as queries:
            as_ana.get("chats/conversations/")
        return len(queries)

    OldClient(person()).send(ana)
    OldClient(person()).send(ana)
    before = counted()
    for _ in range(10):
        OldClient(person()).send(ana)
    assert counted() == before
    with django_assert_num_queries(20, exact=False) as queries:
        as_ana.post("chats/mark-read/", {"sender_id": str(ana.pk)})
    assert len(queries) <= 20


# --- whatever is sent -------------------------------------------------------------------------------------------

JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = strategies.sampled_from(
    [
        *("receiver_id", "receiver", "message", "attachment", "message_ids", "conversation_id", "sender_id"),
        *("is_typing", "is_read", "client_id"),
    ]
)
BODIES = strategies.dictionaries(FIELDS, JSON | strategies.just("BEN"), max_size=4) | JSON


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    database=None,
)
@given(body=BODIES, path=strategies.sampled_from(["chats/", "chats/mark-read/", "chats/typing/", "sse/ticket/"]))
def test_no_body_is_a_fault_of_the_server(as_ana, ben, body, path):
    if isinstance(body, dict):
        body = {name: ben.pk if value == "BEN" else value for name, value in body.items()}
    sent = Message.objects.filter(sender=as_ana.person).first() or Message(pk=as_ana.send(ben)["id"])
    for answer in (as_ana.post(path, body), as_ana.patch(f"chats/{sent.pk}/", body)):
        assert answer.status_code < 500
        assert answer.status_code < 400 or re.match(rb"\{", answer.content)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b'{"a":' * 5000),
        ("application/x-www-form-urlencoded", b"receiver_id=%FF&message=%00"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("text/plain", b"Hi"),
        ("", b"Hi"),
    ],
)
def test_no_form_of_a_body_is_a_fault_of_the_server(as_ana, content_type, body):
    for path in ("chats/", "chats/mark-read/", "chats/typing/"):
        answer = as_ana._client.generic("POST", CHAT + path, body, content_type=content_type)
        assert 400 <= answer.status_code < 500, answer.content
