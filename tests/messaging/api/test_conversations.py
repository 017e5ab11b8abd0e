"""Conversations over the API: making, listing, changing, putting away, joining."""

import pytest

from messaging import conversations, preferences, receipts
from messaging.models import Conversation
from messaging.serializing import moment
from tests.messaging.conftest import write
from tests.support.log import logged
from tests.support.people import person

pytestmark = pytest.mark.django_db


def test_a_direct_conversation_is_made_once(caller, ana, ben):
    first = caller(ana).call("post", "conversations", {"type": "direct", "participants": [ben.pk]}, 201)
    again = caller(ben).call("post", "conversations", {"type": "direct", "participants": [ana.pk, ben.pk]}, 200)
    assert first["id"] == again["id"]
    assert {one["user_id"] for one in first["participants"]} == {ana.pk, ben.pk}


def test_a_direct_conversation_begins_with_a_message(caller, ana, ben):
    made = caller(ana).call("post", "conversations", {"participants": [ben.pk], "message": "Hello"}, 201)
    assert made["last_message"]["content"] == "Hello"
    [listed] = caller(ben).call("get", "conversations")["conversations"]
    assert (listed["unread_count"], listed["title"]) == (1, "Ana Reyes")


@pytest.mark.parametrize("people", [[], ["self"], ["ben", "cora"], ["nobody"], "ben"])
def test_a_direct_conversation_has_exactly_two_people(caller, ana, ben, cora, people):
    ids = {"self": ana.pk, "ben": ben.pk, "cora": cora.pk, "nobody": 10**9}
    named = [ids[name] for name in people] if isinstance(people, list) else ben.pk
    answer = caller(ana).call("post", "conversations", {"type": "direct", "participants": named}, 422)
    assert answer["errors"]["participants"]


def test_whoever_is_disabled_cannot_be_written_to(caller, ana, ben):
    ben.is_active = False
    ben.save()
    caller(ana).call("post", "conversations", {"participants": [ben.pk]}, 422)


def test_a_refusal_repeats_half_of_a_surrogate_pair_as_a_question_mark(caller, ana, ben):
    refused = caller(ana).generic("POST", "/api/v1/conversations", b'{"type": "\\ud800"}', "application/json")
    assert (refused.status_code, "type" in refused.json()["errors"]) == (422, True)
    assert '"?"' in refused.json()["errors"]["type"][0]


def test_a_group_has_a_subject_settings_and_a_first_message(caller, ana, ben, cora):
    body = {
        "type": "group",
        "participants": [ben.pk, cora.pk],
        "subject": "Roads",
        "metadata": {"ticket": 7},
        "shows_history": True,
        "message": "Welcome",
    }
    made = caller(ana).call("post", "conversations", body, 201)
    assert (made["subject"], made["metadata"], made["shows_history"]) == ("Roads", {"ticket": 7}, True)
    assert {one["user_id"]: one["role"] for one in made["participants"]} == {
        ana.pk: "admin",
        ben.pk: "member",
        cora.pk: "member",
    }
    assert made["last_message"]["content"] == "Welcome"


def test_a_group_whose_first_message_is_refused_is_not_made(caller, ana, ben):
    caller(ana).call("post", "conversations", {"type": "group", "participants": [ben.pk], "message": " "}, 422)
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        {"type": "party"},
        {"type": "subject"},
        {"type": "group", "subject": "x" * 501},
        {"type": "group", "subject": 7},
        {"type": "group", "metadata": []},
        {"type": "group", "metadata": {"a": "\0"}},
        {"type": "group", "metadata": {"a": "x" * 5000}},
        {"type": "group", "is_open": "perhaps"},
        {"type": "group", "participants": ["x"]},
        {"type": "group", "participants": [True]},
        {"type": "group", "participants": [-1]},
        {"type": "group", "participants": [2**80]},
        {"type": "group", "participants": {"a": 1}},
        {"type": "group", "message": 7},
    ],
)
def test_wrong_values_are_answered_with_422(caller, ana, body):
    answer = caller(ana).call("post", "conversations", body, 422)
    assert isinstance(answer["detail"], str)


def test_a_body_that_is_no_json_is_answered_with_422(caller, ana):
    answer = caller(ana).post("/api/v1/conversations", b'{"a": 1e9999', content_type="application/json")
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)


def test_the_list_is_paged_and_counted(caller, ana):
    for _ in range(3):
        write(person(), ana)
    page = caller(ana).call("get", "conversations?limit=2&page=2")
    assert (len(page["conversations"]), page["page"], page["limit"], page["total"]) == (1, 2, 2, 3)
    assert caller(ana).call("get", "conversations?page=99")["conversations"] == []


@pytest.mark.parametrize(
    "query", ["page=0", "page=-1", "page=x", "limit=0", "limit=101", "archived=perhaps", "type=party", "search=%00"]
)
def test_a_wrong_query_is_answered_with_422(caller, ana, query):
    caller(ana).call("get", f"conversations?{query}", status=422)


def test_the_list_takes_a_fixed_number_of_queries(caller, ana, django_assert_max_num_queries):
    for _ in range(5):
        write(person(), ana)
    asks = caller(ana)
    with django_assert_max_num_queries(6):  # one is for the token
        assert len(asks.call("get", "conversations")["conversations"]) == 5


def test_the_list_is_filtered(caller, ana, ben):
    write(ben, ana)
    conversations.create(creator=ana, kind="group", participants=[], subject="Roads")
    titles = lambda query: [one["title"] for one in caller(ana).call("get", f"conversations?{query}")["conversations"]]  # noqa: E731
    assert titles("type=group") == ["Roads"]
    assert titles("search=cruz") == ["Ben Cruz"]


def test_a_conversation_is_put_away_and_taken_back(caller, ana, ben):
    place = write(ben, ana).conversation
    asks = caller(ana)
    asks.call("delete", f"conversations/{place.pk}", status=204)
    assert asks.call("get", "conversations")["total"] == 0
    assert asks.call("get", "conversations?archived=true")["total"] == 1
    assert caller(ben).call("get", "conversations")["total"] == 1
    assert asks.call("patch", f"conversations/{place.pk}", {"archived": False})["archived"] is False


def test_a_conversation_is_muted_until_a_time_with_its_offset(caller, ana, ben):
    place = write(ben, ana).conversation
    asks = caller(ana)
    until = "2030-01-01T08:00:00+08:00"
    assert asks.call("patch", f"conversations/{place.pk}", {"muted_until": until})["muted_until"] == until
    assert asks.call("patch", f"conversations/{place.pk}", {"muted_until": None})["muted_until"] is None
    for wrong in ("2030-01-01T08:00:00", "tomorrow", 7, "2030-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        asks.call("patch", f"conversations/{place.pk}", {"muted_until": wrong}, 422)


def test_what_is_not_ones_own_is_not_there(caller, ana, ben, cora):
    place = write(ana, ben).conversation
    asks = caller(cora)
    for method, path, body in (
        ("get", "", None),
        ("patch", "", {"archived": True}),
        ("delete", "", None),
        ("post", "/join", None),
        ("post", "/leave", None),
        ("get", "/messages", None),
        ("post", "/messages", {"content": "Hello"}),
        ("get", "/participants", None),
        ("post", "/participants", {"user_ids": [cora.pk]}),
        ("delete", f"/participants/{ana.pk}", None),
        ("patch", f"/participants/{ana.pk}", {"role": "admin"}),
        ("post", "/read", {"message_id": 1}),
        ("post", "/typing", {}),
    ):
        answer = asks.call(method, f"conversations/{place.pk}{path}", body, 404)
        assert isinstance(answer["detail"], str), path


def test_only_administrators_change_a_conversation(caller, ana, ben):
    place = conversations.create(creator=ana, kind="group", participants=[ben])
    caller(ben).call("patch", f"conversations/{place.pk}", {"subject": "Mine"}, 403)
    changed = caller(ana).call("patch", f"conversations/{place.pk}", {"subject": "Ours", "metadata": {"a": 1}})
    assert (changed["subject"], changed["metadata"]) == ("Ours", {"a": 1})


def test_participants_are_added_changed_and_removed(caller, ana, ben, cora):
    place = conversations.create(creator=ana, kind="group", participants=[ben])
    path = f"conversations/{place.pk}/participants"
    asks = caller(ana)
    assert asks.call("post", path, {"user_ids": [cora.pk, ben.pk]}, 201)["added"] == 1
    assert asks.call("post", path, {"user_ids": [cora.pk]}, 200)["added"] == 0
    assert asks.call("patch", f"{path}/{cora.pk}", {"role": "readonly"})["role"] == "readonly"
    caller(cora).call("post", f"conversations/{place.pk}/messages", {"content": "Hello"}, 403)
    caller(ben).call("delete", f"{path}/{cora.pk}", status=403)
    asks.call("delete", f"{path}/{cora.pk}", status=204)
    assert asks.call("get", path)["total"] == 2
    asks.call("delete", f"{path}/{ana.pk}", status=409)  # the last administrator
    asks.call("delete", f"{path}/{cora.pk}", status=404)
    for wrong in ("x", "0", "9" * 30, "%00"):
        asks.call("delete", f"{path}/{wrong}", status=404)
    asks.call("patch", f"{path}/{ben.pk}", {"role": "king"}, 422)


def test_a_direct_conversation_keeps_its_people(caller, ana, ben, cora):
    place = write(ana, ben).conversation
    caller(ana).call("post", f"conversations/{place.pk}/participants", {"user_ids": [cora.pk]}, 409)
    caller(ana).call("post", f"conversations/{place.pk}/leave", status=409)


def test_open_groups_and_the_queue_of_support_are_found_and_joined(caller, ana, ben):
    agent = person(is_staff=True)
    group = conversations.create(creator=ana, kind="group", settings={"is_open": True}, subject="Chess")
    conversations.create(creator=ana, kind="group", subject="Closed")
    help_ = conversations.create(creator=ana, kind="support", subject="Help")
    found = lambda who: {one["id"] for one in caller(who).call("get", "conversations?joinable=true")["conversations"]}  # noqa: E731
    assert found(ben) == {group.pk}
    assert found(agent) == {group.pk, help_.pk}
    assert caller(ben).call("post", f"conversations/{group.pk}/join")["role"] == "member"
    assert caller(agent).call("post", f"conversations/{help_.pk}/join")["assignee_id"] == agent.pk
    caller(ben).call("post", f"conversations/{help_.pk}/join", status=404)
    assert found(ben) == set()


def test_that_somebody_does_not_tell_when_they_read_holds_for_the_list_too(caller, ana, ben):
    place = write(ana, ben).conversation
    receipts.mark_read(ben, conversation=place)
    read_at = lambda who: {  # noqa: E731
        one["user_id"]: one["last_read_at"]
        for one in caller(who).call("get", f"conversations/{place.pk}")["participants"]
    }
    assert read_at(ana)[ben.pk] is not None
    preferences.choose(ben, sends_read_receipts=False)
    assert read_at(ana)[ben.pk] is None
    assert read_at(ben)[ben.pk] is not None


def test_nobody_gets_401_and_is_told_how_to_sign_in(caller):
    answer = caller(None).get("/api/v1/conversations")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert isinstance(answer.json()["detail"], str)


def test_a_session_needs_its_csrf_token(ana):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana)
    assert browser.get("/api/v1/conversations").status_code == 200
    assert browser.post("/api/v1/messages", {"message": "x"}, content_type="application/json").status_code == 403


def test_whoever_was_taken_out_reads_on_and_learns_nothing_of_the_present(caller, ana, ben, cora):
    place = conversations.create(creator=ana, kind="group", participants=[ben], subject="Roads")
    message = write(ana, place, "Before")
    conversations.remove_participant(ana, place, ben)
    conversations.add_participants(ana, place, [cora])
    conversations.update(ana, place, subject="Secret", settings={"metadata": {"secret": 1}})
    receipts.mark_read(ana, conversation=write(cora, place, "After").conversation)
    ask = caller(ben).call
    shown = ask("get", f"conversations/{place.pk}")
    assert "Secret" not in str(shown)
    assert (shown["subject"], shown["metadata"], shown["participants"], shown["last_seq"]) == (None, {}, [], 1)
    assert (shown["last_message"]["content"], shown["last_message_at"]) == ("Before", moment(message.sent_at))
    [listed] = ask("get", f"conversations/{place.pk}/messages")["messages"]
    assert (listed["content"], listed["receipts"]) == ("Before", [])
    ask("get", f"conversations/{place.pk}/participants", status=403)
    read = ask("post", f"conversations/{place.pk}/read", {"message_id": message.pk})
    assert read["unread_count"] == 0


def test_a_change_of_which_one_part_is_refused_changes_nothing(caller, ana, ben):
    place = conversations.create(creator=ana, kind="support", participants=[ben], subject="Cannot sign in")
    told = logged().count()
    changed = {"subject": "Changed", "archived": True, "assignee_id": 10**9}
    caller(ana).call("patch", f"conversations/{place.pk}", changed, 404)
    assert Conversation.objects.get(pk=place.pk).title == "Cannot sign in"
    assert logged().count() == told


def test_outsiders_of_an_open_group_are_not_told_what_only_members_know(caller, ana, ben, cora):
    settings = {"is_open": True, "metadata": {"secret": 1}}
    place = conversations.create(creator=ana, kind="group", participants=[ben], subject="Walks", settings=settings)
    write(ana, place)
    receipts.mark_read(ben, conversation=place)
    [shown] = caller(cora).call("get", "conversations?joinable=true")["conversations"]
    assert (shown["subject"], shown["metadata"]) == ("Walks", {})
    assert [one["last_read_at"] for one in shown["participants"]] == [None, None]
    [own] = caller(ana).call("get", "conversations")["conversations"]
    assert own["metadata"] == {"secret": 1}
    assert {one["user_id"] for one in own["participants"] if one["last_read_at"]} == {ben.pk}
