"""Messages over the API: sending once, history, the time in which they may be changed, tombstones, reading."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging import conversations, receipts, sending, turns
from messaging.idempotency.models import KeyedRequest
from messaging.models import Conversation, Message
from realtime.transports.token_buckets import TokenBuckets
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(ana, ben):
    return write(ana, ben, "First").conversation


def test_a_message_has_the_fields_of_the_contract(caller, ana, ben, place):
    sent = caller(ben).call("post", f"conversations/{place.pk}/messages", {"content": " Hello "}, 201)
    assert {
        name: sent[name] for name in ("seq", "conversation_id", "sender_id", "content", "message_type", "parent_id")
    } == {
        "seq": 2,
        "conversation_id": place.pk,
        "sender_id": ben.pk,
        "content": "Hello",
        "message_type": "text",
        "parent_id": None,
    }
    assert (sent["thread_count"], sent["edited_at"], sent["deleted_at"], sent["attachments"]) == (0, None, None, [])
    assert sent["receipts"] == [{"user_id": ana.pk, "delivered_at": None, "read_at": None}]


def test_a_retry_with_the_same_client_id_is_the_same_message(caller, ana, place):
    body = {"content": "Once", "client_id": "c-1"}
    first = caller(ana).call("post", f"conversations/{place.pk}/messages", body, 201)
    again = caller(ana).call("post", f"conversations/{place.pk}/messages", body, 200)
    assert first == again


def test_a_request_with_an_idempotency_key_is_answered_the_same_again(caller, ana, ben, place):
    asks, path, key = caller(ana), f"conversations/{place.pk}/messages", {"HTTP_IDEMPOTENCY_KEY": "k" * 255}
    first = asks.call("post", path, {"content": "Once"}, 201, **key)
    caller(ben).call("post", f"messages/{first['id']}/reactions", {"emoji": "👍"})
    assert asks.call("post", f"{path}/", {"content": "Once"}, 201, **key) == first
    refused = asks.call("post", path, {"content": "Other"}, 422, **key)
    assert refused["errors"] == {"Idempotency-Key": ["This Idempotency-Key belongs to another request."]}
    asks.call("post", "messages", {"conversation_id": place.pk, "message": "Once"}, 422, **key)
    asks.call("post", path, {"content": "Once"}, 422, HTTP_IDEMPOTENCY_KEY="k" * 256)
    assert Message.objects.filter(conversation=place).count() == 2


def test_a_kept_answer_says_what_its_message_says_now(caller, ana, place):
    asks, path, key = caller(ana), f"conversations/{place.pk}/messages", {"HTTP_IDEMPOTENCY_KEY": "k"}
    first = asks.call("post", path, {"content": "A secret"}, 201, **key)
    assert "A secret" not in KeyedRequest.objects.get().body
    asks.call("put", f"messages/{first['id']}", {"content": "Better"})
    again = asks.call("post", path, {"content": "A secret"}, 201, **key)
    assert (again["id"], again["content"], again["edited_at"] is None) == (first["id"], "Better", False)
    asks.call("delete", f"messages/{first['id']}")
    again = asks.call("post", path, {"content": "A secret"}, 201, **key)
    assert (again["id"], again["content"], again["html"]) == (first["id"], "", None)
    assert again["deleted_at"] is not None
    Message.objects.filter(pk=first["id"]).delete()
    assert asks.call("post", path, {"content": "A secret"}, 201, **key)["content"] == ""


def test_the_kept_answer_of_a_new_conversation_says_what_its_message_says_now(caller, ana, ben):
    asks, key = caller(ana), {"HTTP_IDEMPOTENCY_KEY": "k"}
    body = {"type": "group", "participants": [ben.pk], "message": "A secret"}
    first = asks.call("post", "conversations", body, 201, **key)
    assert first["last_message"]["content"] == "A secret"
    assert "A secret" not in KeyedRequest.objects.get().body
    assert asks.call("post", "conversations", body, 201, **key) == first
    asks.call("delete", f"messages/{first['last_message']['id']}")
    assert asks.call("post", "conversations", body, 201, **key)["last_message"]["content"] == ""


def test_a_keyed_request_that_is_refused_may_be_corrected_under_its_key(caller, ana, place):
    asks, path, key = caller(ana), f"conversations/{place.pk}/messages", {"HTTP_IDEMPOTENCY_KEY": "corrected"}
    asks.call("post", path, {"content": "x" * 10_001}, 422, **key)
    asks.call("post", path, {"content": "Shorter"}, 201, **key)


def test_a_keyed_request_beside_its_first_one_is_a_conflict(caller, ana, place, monkeypatch):
    asks, path, key = caller(ana), f"conversations/{place.pk}/messages", {"HTTP_IDEMPOTENCY_KEY": "running"}
    send, beside = sending.send, []

    def slowly(**values):
        beside.append(asks.call("post", path, {"content": "Once"}, 409, **key)["code"])
        return send(**values)

    monkeypatch.setattr(sending, "send", slowly)
    asks.call("post", path, {"content": "Once"}, 201, **key)
    assert beside == ["running"]


def test_messages_to_people_and_new_conversations_take_a_key_too(caller, ana, ben):
    asks, key = caller(ana), {"HTTP_IDEMPOTENCY_KEY": "to a person"}
    sent = asks.call("post", "messages", {"to_user_id": ben.pk, "message": "Hi"}, 201, **key)
    assert asks.call("post", "messages", {"to_user_id": ben.pk, "message": "Hi"}, 201, **key) == sent
    body, key = {"type": "group", "participants": [ben.pk], "message": "Hi"}, {"HTTP_IDEMPOTENCY_KEY": "a group"}
    made = asks.call("post", "conversations", body, 201, **key)
    assert asks.call("post", "conversations", body, 201, **key) == made
    assert Conversation.objects.filter(kind="group").count() == 1


def test_a_client_id_that_was_used_elsewhere_is_a_conflict(caller, ana, cora, place):
    other = write(ana, cora).conversation
    caller(ana).call("post", f"conversations/{place.pk}/messages", {"content": "x", "client_id": "c-1"}, 201)
    caller(ana).call("post", f"conversations/{other.pk}/messages", {"content": "x", "client_id": "c-1"}, 409)


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        [],
        {"content": ""},
        {"content": None},
        {"content": 7},
        {"content": ["a"]},
        {"content": "a\0"},
        {"content": "x" * 10_001},
        {"content": "x", "message_type": "system"},
        {"content": "x", "message_type": "party"},
        {"content": "x", "message_type": []},
        {"content": "x", "parent_id": 10**9},
        {"content": "x", "parent_id": "first"},
        {"content": "x", "parent_id": 2**70},
        {"content": "x", "attachments": [10**9]},
        {"content": "x", "attachments": "1"},
        {"content": "x", "attachments": [None]},
        {"content": "x", "client_id": "c" * 65},
        {"content": "x", "client_id": 7},
        {"content": "x", "metadata": "m"},
    ],
)
def test_what_cannot_be_sent_is_answered_with_422(caller, ana, place, body):
    answer = caller(ana).call("post", f"conversations/{place.pk}/messages", body, 422)
    assert isinstance(answer["detail"], str)
    assert place.messages.count() == 1


def test_half_a_surrogate_pair_is_answered_with_422(caller, ana, place):
    answer = caller(ana).post(
        f"/api/v1/conversations/{place.pk}/messages", b'{"content": "\\ud800"}', content_type="application/json"
    )
    assert answer.status_code == 422


def test_a_message_to_a_person_makes_the_conversation(caller, ana, cora):
    sent = caller(ana).call("post", "messages", {"to_user_id": cora.pk, "message": "Hello"}, 201)
    assert conversations.open_direct(ana, cora).pk == sent["conversation_id"]
    more = caller(cora).call("post", "messages", {"conversation_id": sent["conversation_id"], "message": "Hi"}, 201)
    assert more["seq"] == 2
    for body in ({"message": "x"}, {"message": "x", "to_user_id": cora.pk, "conversation_id": 1}, {"to_user_id": 7}):
        caller(ana).call("post", "messages", body, 422)


def test_history_goes_by_the_number_of_the_message(caller, ana, ben, place):
    for _ in range(4):
        write(ben, ana)
    seqs = lambda query: [  # noqa: E731
        one["seq"] for one in caller(ana).call("get", f"conversations/{place.pk}/messages{query}")["messages"]
    ]
    assert seqs("") == [5, 4, 3, 2, 1]
    assert seqs("?before=3") == [2, 1]
    assert seqs("?after=3") == [5, 4]
    assert caller(ana).call("get", f"conversations/{place.pk}/messages?limit=2")["has_more"] is True
    for wrong in ("?before=x", "?limit=0", "?limit=101", "?after=-1", "?before=99999999999999999999"):
        caller(ana).call("get", f"conversations/{place.pk}/messages{wrong}", status=422)


def test_a_thread_is_one_level_deep_and_counted(caller, ana, ben, place):
    root = place.messages.get()
    path = f"conversations/{place.pk}/messages"
    reply = caller(ben).call("post", path, {"content": "Reply", "parent_id": root.pk}, 201)
    deeper = caller(ana).call("post", path, {"content": "Deeper", "parent_id": reply["id"]}, 201)
    assert deeper["parent_id"] == root.pk
    thread = caller(ana).call("get", f"{path}?parent_id={root.pk}")["messages"]
    assert [one["content"] for one in thread] == ["Deeper", "Reply"]
    assert caller(ana).call("get", f"messages/{root.pk}")["thread_count"] == 2


def test_a_message_is_edited_and_its_history_kept(caller, ana, ben, place):
    message = place.messages.get()
    edited = caller(ana).call("put", f"messages/{message.pk}", {"content": "Second"})
    assert edited["content"] == "Second"
    assert edited["edited_at"] is not None
    [earlier] = caller(ben).call("get", f"messages/{message.pk}/history")["history"]
    assert (earlier["content"], earlier["by"]) == ("First", ana.pk)
    caller(ben).call("put", f"messages/{message.pk}", {"content": "Mine"}, 403)
    caller(ana).call("put", f"messages/{message.pk}", {"content": ""}, 422)


def test_after_fifteen_minutes_a_message_stays_as_it_is(caller, ana, place):
    message = place.messages.get()
    Message.objects.filter(pk=message.pk).update(sent_at=timezone.now() - timedelta(minutes=15, seconds=1))
    caller(ana).call("put", f"messages/{message.pk}", {"content": "Late"}, 403)
    caller(ana).call("delete", f"messages/{message.pk}", status=403)


def test_a_deleted_message_leaves_a_tombstone(caller, ana, ben, place):
    message = place.messages.get()
    caller(ben).call("delete", f"messages/{message.pk}", status=403)
    left = caller(ana).call("delete", f"messages/{message.pk}", status=200)
    assert (left["content"], left["deleted_at"] is None) == ("", False)
    [listed] = caller(ben).call("get", f"conversations/{place.pk}/messages")["messages"]
    assert listed["content"] == ""
    caller(ana).call("put", f"messages/{message.pk}", {"content": "Back"}, 409)
    assert caller(ana).call("get", f"messages/{message.pk}/history")["history"] == []


def test_a_moderator_deletes_and_does_not_edit(caller, ana, ben, cora):
    group = conversations.create(creator=ana, kind="group", participants=[ben, cora])
    conversations.set_role(ana, group, ben, "moderator")
    message = write(cora, group)
    caller(ben).call("put", f"messages/{message.pk}", {"content": "Mine"}, 403)
    caller(ben).call("delete", f"messages/{message.pk}", status=200)


def test_what_is_not_ones_own_is_not_there(caller, cora, place):
    message = place.messages.get()
    for method, path, body in (
        ("get", "", None),
        ("put", "", {"content": "x"}),
        ("delete", "", None),
        ("get", "/history", None),
        ("post", "/reactions", {"emoji": "👍"}),
        ("delete", "/reactions?emoji=x", None),
    ):
        caller(cora).call(method, f"messages/{message.pk}{path}", body, 404)
    for nothing in ("0", "9" * 19):
        caller(cora).call("get", f"messages/{nothing}", status=404)


def test_reading_only_moves_forward(caller, ana, ben, place):
    first, second = place.messages.get(), write(ana, ben)
    path = f"conversations/{place.pk}/read"
    assert caller(ben).call("post", path, {"message_id": second.pk}) == {
        "last_read_message_id": second.pk,
        "unread_count": 0,
    }
    assert caller(ben).call("post", path, {"message_id": first.pk})["last_read_message_id"] == second.pk
    caller(ben).call("post", path, {"message_id": 10**9}, 422)
    caller(ben).call("post", path, {}, 422)
    [shown] = caller(ana).call("get", f"messages/{second.pk}")["receipts"]
    assert (shown["user_id"], shown["read_at"] is None) == (ben.pk, False)


def test_a_group_shows_who_has_read_what(caller, ana, ben, cora):
    group = conversations.create(creator=ana, kind="group", participants=[ben, cora])
    message = write(ana, group)
    caller(ben).call("post", f"conversations/{group.pk}/read", {"message_id": message.pk})
    assert [one["user_id"] for one in caller(ana).call("get", f"messages/{message.pk}")["receipts"]] == [ben.pk]


def test_a_crowd_shows_nobody_who_has_read_however_few_have(caller, ana, ben, cora, monkeypatch):
    monkeypatch.setattr(receipts, "TOLD", 2)
    message = write(ana, conversations.create(creator=ana, kind="group", participants=[ben, cora]))
    receipts.mark_read(ben, message_ids=[message.pk])
    assert caller(ana).call("get", f"messages/{message.pk}")["receipts"] == []


def test_markdown_is_given_out_sanitised(caller, ana, place):
    text = "**Bold** <script>alert(1)</script> [a](javascript:alert(1)) [b](https://example.org) ![c](https://x.example/p.png)"
    sent = caller(ana).call(
        "post", f"conversations/{place.pk}/messages", {"content": text, "message_type": "markdown"}, 201
    )
    assert sent["content"] == text
    assert "<strong>Bold</strong>" in sent["html"]
    assert 'href="https://example.org"' in sent["html"]
    assert not [sign for sign in ("<script", 'javascript:"', "<img", 'href="javascript') if sign in sent["html"]]


def test_html_is_given_out_sanitised(caller, ana, place):
    text = '<b onclick="x()">Hi</b><iframe src="//x"></iframe><a href="javascript:x()">a</a><style>*{}</style>'
    sent = caller(ana).call(
        "post", f"conversations/{place.pk}/messages", {"content": text, "message_type": "html"}, 201
    )
    assert sent["html"] == '<b>Hi</b><a rel="noopener noreferrer nofollow">a</a>'


def test_reactions_are_counted(caller, ana, ben, place):
    path = f"messages/{place.messages.get().pk}/reactions"
    assert caller(ben).call("post", path, {"emoji": "👍"})["counts"] == {"👍": 1}
    assert caller(ana).call("get", path.removesuffix("/reactions"))["reactions"] == {"👍": [ben.pk]}
    assert caller(ben).call("delete", f"{path}?emoji=%F0%9F%91%8D")["counts"] == {}
    caller(ben).call("post", path, {"emoji": ""}, 422)
    caller(ben).call("delete", path, status=422)


def test_typing_is_told(caller, ana, place):
    caller(ana).call("post", f"conversations/{place.pk}/typing", {}, 204)
    caller(ana).call("post", f"conversations/{place.pk}/typing", {"is_typing": "maybe"}, 422)


def test_whoever_writes_too_often_is_told_when_to_come_back(caller, ana, place, monkeypatch):
    monkeypatch.setattr(turns, "senders", TokenBuckets(1, 0.1))
    caller(ana).call("post", f"conversations/{place.pk}/messages", {"content": "x"}, 201)
    answer = caller(ana).post(f"/api/v1/conversations/{place.pk}/messages", {"content": "x"}, format="json")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 10


def test_whoever_changes_participants_too_often_waits(caller, ana, ben, cora, monkeypatch):
    place = conversations.create(creator=ana, kind="group", participants=[ben])
    monkeypatch.setattr(turns, "senders", TokenBuckets(2, 0.1))
    path = f"conversations/{place.pk}/participants"
    caller(ana).call("post", path, {"user_ids": [cora.pk]}, 201)
    caller(ana).call("delete", f"{path}/{cora.pk}", status=204)
    caller(ana).call("post", path, {"user_ids": [cora.pk]}, 429)
    caller(ana).call("patch", f"{path}/{ben.pk}", {"role": "admin"}, 429)


def test_preferences_are_shown_and_changed(caller, ana):
    asks = caller(ana)
    assert asks.call("get", "messaging/preferences") == {"read_receipts": True, "last_seen": "contacts"}
    assert asks.call("patch", "messaging/preferences", {"last_seen": "nobody"})["last_seen"] == "nobody"
    asks.call("patch", "messaging/preferences", {"last_seen": "dogs"}, 422)


def test_presence_is_told_of_those_who_are_asked_for(caller, ana, ben):
    [shown] = caller(ana).call("get", f"messaging/presence?user_ids={ben.pk}")["presence"]
    assert shown == {"user_id": ben.pk, "online": False, "last_seen": None}
    for wrong in ("", "?user_ids=", "?user_ids=x", "?user_ids=" + ",".join(["1"] * 101)):
        caller(ana).call("get", f"messaging/presence{wrong}", status=422)


def test_a_ticket_is_given_to_whoever_is_signed_in(caller, ana):
    ticket = caller(ana).call("post", "ws-ticket", status=201)
    assert ticket["expires_in"] == 30
    assert len(ticket["ticket"]) > 20
    caller(None).call("post", "ws-ticket", status=401)


def test_encrypted_messages_have_no_preview(caller, ana, ben, place):
    key = {"kty": "EC", "crv": "P-256", "x": "eA", "y": "eQ"}
    path, body = f"conversations/{place.pk}/messages", {"content": "c2VjcmV0", "message_type": "encrypted"}
    caller(ana).call("post", path, body, 409)
    for one in (ana, ben):
        caller(one).call("put", "messaging/keys", {"device_id": "laptop", "public_key": key})
    listed = caller(ana).call("get", f"messaging/keys?user_ids={ben.pk}")["keys"]
    assert [(one["user_id"], one["device_id"], one["public_key"]) for one in listed] == [(ben.pk, "laptop", key)]
    sent = caller(ana).call("post", path, body, 201)
    assert (sent["content"], sent["html"]) == ("c2VjcmV0", None)
    [shown] = caller(ben).call("get", "conversations")["conversations"]
    assert shown["last_message"]["content"] == "[Encrypted message]"
    caller(ana).call("put", "messaging/keys", {"device_id": "phone", "public_key": {**key, "d": "cHJpdmF0ZQ"}}, 422)
    caller(ben).call("delete", "messaging/keys?device_id=laptop", status=204)
    caller(ben).call("delete", "messaging/keys?device_id=laptop", status=404)
