"""The chat's HTTP as its contract describes it: sending, history, list, detail."""

from datetime import datetime

import pytest

from tests.messaging.chat.conftest import OldClient

pytestmark = pytest.mark.django_db

MESSAGE = {
    "id",
    *(f"{end}{part}" for end in ("sender", "receiver") for part in ("", "_name", "_username", "_avatar")),
    "conversation",
    "message",
    "attachment",
    "attachment_url",
    "attachment_type",
    "is_read",
    "read_at",
    "delivered_at",
    "timestamp",
    "created_at",
    "updated_at",
    "is_active",
}


def is_instant(text: str) -> bool:
    return text.endswith("Z") and "." in text and datetime.fromisoformat(text).tzinfo is not None


def test_a_message_that_was_sent_is_answered_as_the_contract_describes_it(as_ana, ana, ben):
    answer = as_ana.post("chats/", {"receiver_id": ben.pk, "message": "  Good morning "})
    assert answer.status_code == 201
    said = answer.json()
    assert set(said) == MESSAGE
    assert (said["sender"], said["sender_name"], said["sender_username"]) == (ana.pk, "Ana Reyes", ana.username)
    assert (said["receiver"], said["receiver_name"], said["receiver_username"]) == (ben.pk, "Ben Cruz", ben.username)
    assert (said["message"], said["is_read"], said["read_at"], said["delivered_at"]) == (
        "Good morning",
        False,
        None,
        None,
    )
    assert isinstance(said["conversation"], int)
    assert is_instant(said["timestamp"])
    assert said["created_at"] == said["timestamp"] == said["updated_at"]
    assert said["is_active"] is True


@pytest.mark.parametrize("scheme", ["Token", "Bearer"])
@pytest.mark.parametrize("name", ["receiver_id", "receiver", "recipient_id"])
def test_clients_of_several_years_name_the_receiver_and_themselves_differently(ana, ben, scheme, name):
    answer = OldClient(ana, scheme).post("chats/", {name: str(ben.pk), "message": "Hi", "sender": str(ben.pk)})
    assert answer.status_code == 201
    assert answer.json()["sender"] == ana.pk


def test_a_form_is_as_good_as_json(as_ana, ben):
    answer = as_ana.post("chats/", receiver_id=str(ben.pk), message="Hi")
    assert (answer.status_code, answer.json()["message"]) == (201, "Hi")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"message": "Hi"}, 400, "receiver_id is required"),
        ({"receiver_id": "ben"}, 400, "message or attachment is required"),
        ({"receiver_id": "ben", "message": "  "}, 400, "message or attachment is required"),
        ({"receiver_id": 987654321, "message": "Hi"}, 404, "Receiver not found"),
    ],
)
def test_what_is_missing_is_said_in_the_words_of_the_contract(as_ana, ben, body, status, error):
    if body.get("receiver_id") == "ben":
        body = {**body, "receiver_id": ben.pk}
    answer = as_ana.post("chats/", body)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


@pytest.mark.parametrize("number", ["--5", "-", "5-", "+5", "x", "0"])
def test_what_is_no_number_is_refused(as_ana, number):
    answer = as_ana.get("chats/conversations/", limit=number)
    assert (answer.status_code, answer.json()) == (400, {"error": "limit must be a number from 1"})


def test_who_is_not_signed_in_is_told_how(client):
    answer = client.get("/api/v1/communication/chats/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
    assert answer.json() == {"detail": "Authentication credentials were not provided."}
    answer = client.get("/api/v1/communication/chats/", headers={"authorization": "Bearer invented"})
    assert answer.json() == {"detail": "Invalid token."}


def test_an_address_without_a_slash_leads_to_the_one_with_it(client):
    answer = client.get("/api/v1/communication/chats/conversations")
    assert (answer.status_code, answer["Location"]) == (301, "/api/v1/communication/chats/conversations/")


def test_the_history_is_the_newest_first_with_the_other_person(as_ana, as_ben, ana, ben):
    sent = [as_ana.send(ben, f"{number}")["id"] for number in range(5)]
    said = as_ben.get(f"chats/conversation/{ana.pk}/", limit=2).json()
    assert [one["id"] for one in said["messages"]] == sent[:-3:-1]
    assert said["has_more"] is True
    assert isinstance(said["conversation_id"], str)
    assert said["other_user"] == {
        "id": ana.pk,
        "username": ana.username,
        "full_name": "Ana Reyes",
        "avatar": None,
        "is_online": False,
    }
    older = as_ben.get(f"chats/conversation/{ana.pk}/", limit=3, before_id=sent[3]).json()
    assert [one["id"] for one in older["messages"]] == sent[2::-1]
    assert older["has_more"] is False
    shifted = as_ben.get(f"chats/conversation/{ana.pk}/", limit=1, before_id=sent[3], offset=1).json()
    assert [one["id"] for one in shifted["messages"]] == [sent[1]]


def test_the_list_of_conversations_shows_the_newest_first(as_ana, as_ben, as_cora, ana, ben):
    as_ben.send(ana, "from Ben")
    as_cora.send(ana, "x" * 150)
    as_ana.send(ben, "to Ben")
    [first, second] = as_ana.get("chats/conversations/").json()
    assert (first["other_user"]["id"], first["last_message"], first["last_message_by_me"]) == (ben.pk, "to Ben", True)
    assert (second["last_message"], second["last_message_by_me"], second["unread_count"]) == ("x" * 100, False, 1)
    assert first["unread_count"] == 1
    assert isinstance(first["conversation_id"], str)
    assert is_instant(first["last_message_at"])
    assert is_instant(first["updated_at"])
    [page] = as_ana.get("chats/conversations/", limit=1).json()
    [rest] = as_ana.get("chats/conversations/", limit=1, cursor=page["conversation_id"]).json()
    assert (page, rest) == (first, second)


@pytest.mark.parametrize("by", ["message_ids", "conversation_id", "sender_id"])
def test_messages_are_marked_as_read_in_three_ways(as_ana, as_ben, ana, ben, by):
    sent = [as_ana.send(ben)["id"] for _ in range(2)]
    place = as_ben.get("chats/conversations/").json()[0]["conversation_id"]
    given = {"message_ids": sent, "conversation_id": place, "sender_id": str(ana.pk)}[by]
    said = as_ben.post("chats/mark-read/", {by: given}).json()
    assert (said["success"], said["marked_count"]) == (True, 2)
    assert is_instant(said["read_at"])
    again = as_ben.post("chats/mark-read/", {by: given}).json()
    assert (again["success"], again["marked_count"]) == (True, 0)
    read = as_ana.get(f"chats/{sent[0]}/").json()
    assert (read["is_read"], read["read_at"]) == (True, said["read_at"])


def test_to_mark_nothing_is_refused(as_ana):
    answer = as_ana.post("chats/mark-read/", {})
    assert answer.status_code == 400
    assert answer.json() == {"error": "Provide message_ids, conversation_id, or sender_id"}


def test_unread_messages_are_counted_by_conversation(as_ana, as_ben, ana, ben):
    assert as_ben.get("chats/unread-count/").json() == {"total_unread": 0, "conversations": []}
    as_ana.send(ben)
    as_ana.send(ben)
    said = as_ben.get("chats/unread-count/").json()
    assert said["total_unread"] == 2
    [row] = said["conversations"]
    assert (row["unread_count"], row["other_user_id"], row["other_user_name"]) == (2, ana.pk, "Ana Reyes")
    assert isinstance(row["conversation_id"], str)


def test_the_list_of_messages_is_paged_and_filtered(as_ana, as_ben, as_cora, ana, ben, cora):
    sent = [as_ana.send(ben, f"{number}")["id"] for number in range(3)]
    got = as_ben.send(ana)["id"]
    as_cora.send(ben)
    as_ana.post("chats/mark-read/", {"message_ids": [got]})

    def ids(**query) -> list[int]:
        return [one["id"] for one in as_ana.get("chats/", **query).json()["results"]]

    page = as_ana.get("chats/", page_size=2).json()
    assert [one["id"] for one in page.pop("results")] == [got, sent[2]]
    assert {name: page[name] for name in ("count", "total_pages", "current_page", "page_size")} == {
        "count": 4,
        "total_pages": 2,
        "current_page": 1,
        "page_size": 2,
    }
    assert (page["has_next"], page["has_previous"], page["previous"]) == (True, False, None)
    assert page["next"].startswith("http://testserver/")
    assert ids(ordering="timestamp") == [*sent, got]
    assert ids(sender=ana.pk) == sent[::-1]
    assert ids(receiver=ana.pk) == [got]
    assert ids(receiver=ben.pk) == sent[::-1]
    assert ids(is_read="true") == [got]
    assert ids(is_read="false") == sent[::-1]
    assert ids(is_active="false") == []
    assert ids(search="nothing like it") == [got, *sent[::-1]]
    assert as_ana.get("chats/", page=9).json() == {"detail": "Invalid page."}
    assert as_ana.get("chats/", page=9).status_code == 404
    wrong = as_ana.get("chats/", sender="xx")
    assert (wrong.status_code, wrong.json()) == (400, {"sender": ["“xx” is not a valid UUID."]})


def test_the_detail_is_for_the_two_people(as_ana, as_ben, as_cora, ben):
    sent = as_ana.send(ben)
    assert as_ben.get(f"chats/{sent['id']}/").json() == sent
    answer = as_cora.get(f"chats/{sent['id']}/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "No ChatMessage matches the given query."})
    assert as_cora.get(f"chats/{10**25}/").status_code == 404


def test_put_wants_a_receiver(as_ana, ben):
    sent = as_ana.send(ben)
    answer = as_ana.put(f"chats/{sent['id']}/", {"message": "Good evening"})
    assert (answer.status_code, answer.json()) == (400, {"receiver": ["This field is required."]})
    answer = as_ana.put(f"chats/{sent['id']}/", {"receiver": str(ben.pk), "message": "Good evening"})
    assert (answer.status_code, answer.json()["message"]) == (200, "Good evening")


def test_a_ticket_can_be_had_with_a_token_or_a_session(as_ana, ana, client):
    said = as_ana.post("sse/ticket/").json()
    assert (set(said), said["expires_in"]) == ({"ticket", "expires_in"}, 30)
    client.force_login(ana)
    assert client.post("/api/v1/communication/sse/ticket/").status_code == 200


def test_the_cost_of_a_page_does_not_grow_with_its_messages(as_ana, as_ben, ana, ben, django_assert_max_num_queries):
    for _ in range(20):
        as_ana.send(ben)
    with django_assert_max_num_queries(12):
        as_ben.get(f"chats/conversation/{ana.pk}/")
    with django_assert_max_num_queries(10):
        as_ben.get("chats/")
    with django_assert_max_num_queries(9):
        as_ben.get("chats/conversations/")
