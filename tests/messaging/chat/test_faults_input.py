"""Faults 37 to 49 of the old chat: values, limits, pages and cost; whatever is sent is no fault of the server."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies

from messaging.models import Conversation, Message
from messaging.rates import SharedBuckets
from tests.messaging.chat.conftest import CHAT, OldClient, error_of
from tests.support.people import person

pytestmark = pytest.mark.django_db

SLOWLY = 0.001  # a second, of what may be written again: none comes back while a test runs


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
    monkeypatch.setattr("messaging.turns.senders", SharedBuckets("of the test", 3, SLOWLY))
    found = [as_ana.post("chats/", {"receiver_id": ben.pk, "message": "Hi"}) for _ in range(4)]
    assert [answer.status_code for answer in found] == [201, 201, 201, 429]
    assert int(found[-1]["Retry-After"]) >= 1
    assert error_of(found[-1])


def test_fault_38_whoever_changes_messages_without_a_pause_waits(as_ana, ben, monkeypatch):
    address = f"chats/{as_ana.send(ben)['id']}/"
    monkeypatch.setattr("messaging.turns.senders", SharedBuckets("of the test", 2, SLOWLY))
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
