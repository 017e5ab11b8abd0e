"""What the page can ask, and what it is refused. No request brings a 500."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging import conversations, turns
from messaging.models import Message, Participant
from realtime.transports.token_buckets import TokenBuckets

from ..conftest import write
from .conftest import API

pytestmark = pytest.mark.django_db
PATHS = (
    *("conversations/", "conversations/1/", "conversations/1/messages/", "conversations/1/read/"),
    *("conversations/1/typing/", "conversations/1/people/", "conversations/1/people/1/", "conversations/1/leave/"),
    *("messages/", "messages/1/", "messages/1/reactions/x/", "about/project:1/", "attachments/", "delivered/"),
    *("muted/", "people/", "people/1/", "presence/", "preferences/", "keys/"),
)


def group(*people, **values):
    return conversations.create(creator=people[0], kind="group", participants=people[1:], **values)


@pytest.mark.parametrize("path", PATHS)
def test_nobody_but_who_is_signed_in_is_answered(path, asking):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        status, answer = asking(None)(method, path)
        assert status in {401, 405}
        assert answer["error"]


def test_a_page_of_another_site_changes_nothing(ana, ben):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    body = {"receiver": ben.pk, "text": "Hello"}
    assert client.post("/messages/api/messages/", body, content_type="application/json").status_code == 403
    assert not Message.objects.exists()


def test_a_form_is_no_json(ana, ben):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    client.get("/messages/")
    body, token = {"receiver": ben.pk, "text": "Hello"}, client.cookies["csrftoken"].value
    answer = client.post("/messages/api/messages/", body, headers={"x-csrftoken": token})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_json")


def test_the_page_of_somebody_who_signed_out_does_nothing_as_whoever_signed_in_after_them(ana, ben, cora):
    client = Client()
    client.force_login(ben)
    body = {"receiver": cora.pk, "text": "Hello"}
    for whose, status in ((str(ana.pk), 409), ("x", 409), (str(ben.pk), 200)):
        headers = {"X-Page-User": whose}
        response = client.post("/messages/api/messages/", body, content_type="application/json", headers=headers)
        assert response.status_code == status, whose
    assert Message.objects.get().sender == ben


def test_a_message_is_sent_once_however_often_it_is_tried(ana, ben, asking):
    body = {"receiver": ben.pk, "text": "Hello", "client_id": "abc"}
    answers = [asking(ana)("POST", "messages/", body) for _ in range(3)]
    assert {status for status, _ in answers} == {200}
    assert len({answer["id"] for _, answer in answers}) == 1
    assert Message.objects.count() == 1


def test_the_list_shows_what_is_unread_and_the_newest_message(ana, ben, cora, asking):
    for text in ("One", "Two"):
        write(ben, ana, text)
    write(ana, group(ana, cora, subject="Drainage"), "Who comes?")
    [drainage, direct] = asking(ana).get("conversations/")["conversations"]
    assert (direct["title"], direct["unread"], direct["last_message"]["text"]) == ("Ben Cruz", 2, "Two")
    assert direct["other"] == {"id": ben.pk, "name": "Ben Cruz", "is_online": False, "last_seen": None}
    assert (drainage["title"], drainage["kind"], drainage["unread"], drainage["may_manage"]) == (
        "Drainage",
        "group",
        0,
        True,
    )


def test_the_list_continues_behind_a_conversation(ana, ben, asking):
    made = [group(ana, ben, subject=str(number)) for number in range(5)]
    first = asking(ana).get("conversations/?limit=3")
    rest = asking(ana).get(f"conversations/?limit=3&before={first['conversations'][-1]['id']}")
    assert [one["id"] for one in (*first["conversations"], *rest["conversations"])] == [one.pk for one in made[::-1]]
    assert (first["has_more"], rest["has_more"]) == (True, False)


def test_the_list_costs_as_many_queries_for_many_conversations_as_for_one(
    ana, ben, asking, django_assert_max_num_queries
):
    ask = asking(ana)
    write(ben, ana)
    for number in range(20):
        write(ben, group(ana, ben, subject=str(number)))
    ask.get("conversations/")
    with django_assert_max_num_queries(14):  # with session, person, presence and files
        assert len(ask.get("conversations/")["conversations"]) == 21


def test_a_search_finds_titles_and_people(ana, ben, cora, asking):
    write(ana, ben)
    write(ana, group(ana, cora, subject="Drainage"))
    for text, found in (("drain", ["Drainage"]), ("cruz", ["Ben Cruz"]), ("zzz", []), ("\0", None)):
        status, answer = asking(ana)("GET", f"conversations/?q={text}")
        assert status == (422 if found is None else 200)
        assert found is None or [one["title"] for one in answer["conversations"]] == found


def test_history_comes_in_pages_from_the_newest_on(ana, ben, asking):
    ids = [write(ben, ana, str(number)).pk for number in range(5)]
    place = conversations.open_direct(ana, ben).pk
    newest = asking(ana).get(f"conversations/{place}/messages/?limit=3")
    older = asking(ana).get(f"conversations/{place}/messages/?limit=3&before={newest['messages'][0]['id']}")
    assert [one["id"] for one in (*older["messages"], *newest["messages"])] == ids
    assert (newest["has_more"], older["has_more"]) == (True, False)


def test_what_was_read_is_no_longer_unread(ana, ben, asking):
    ids = [write(ben, ana, str(number)).pk for number in range(3)]
    place = conversations.open_direct(ana, ben).pk
    assert asking(ana)("POST", f"conversations/{place}/read/", {"up_to": ids[1]}) == (200, {"read": 2})
    assert asking(ana).get(f"conversations/{place}/")["unread"] == 1
    assert asking(ben).get(f"messages/{ids[1]}/")["read_at"]


def test_a_conversation_is_muted_and_archived_for_oneself(ana, ben, asking):
    write(ana, ben)
    place = conversations.open_direct(ana, ben).pk
    status, answer = asking(ana)("PATCH", f"conversations/{place}/", {"muted": True, "archived": True})
    assert (status, answer["muted"], answer["archived"]) == (200, True, True)
    assert asking(ana).get("muted/") == {"muted": [place]}
    assert asking(ana).get("conversations/")["conversations"] == []
    assert [one["id"] for one in asking(ana).get("conversations/?archived=true")["conversations"]] == [place]
    assert asking(ben).get("muted/") == {"muted": []}
    asking(ana)("PATCH", f"conversations/{place}/", {"muted": False, "archived": False})
    assert (asking(ana).get("muted/"), len(asking(ana).get("conversations/")["conversations"])) == ({"muted": []}, 1)


def test_reactions_corrections_and_deletions_answer_with_the_message(ana, ben, asking):
    one = write(ana, ben, "Helo")
    path = f"messages/{one.pk}/"
    assert asking(ben)("PUT", f"{path}reactions/👍/")[1]["reactions"] == {"👍": [ben.pk]}
    assert asking(ben)("DELETE", f"{path}reactions/👍/")[1]["reactions"] == {}
    status, answer = asking(ana)("PATCH", path, {"text": "Hello"})
    assert (status, answer["text"], bool(answer["edited_at"])) == (200, "Hello", True)
    assert asking(ben)("PATCH", path, {"text": "Mine"})[0] == 403
    assert asking(ben)("DELETE", path)[0] == 403
    status, answer = asking(ana)("DELETE", path)
    assert (status, answer["text"], bool(answer["deleted_at"])) == (200, "", True)


def test_a_group_is_made_changed_and_left(ana, ben, cora, asking):
    body = {"title": "Drainage", "participants": [ben.pk]}
    status, made = asking(ana)("POST", "conversations/", body)
    assert (status, made["title"], [one["id"] for one in made["readers"]]) == (200, "Drainage", [ben.pk])
    people = f"conversations/{made['id']}/people/"
    assert asking(ben)("POST", people, {"people": [cora.pk]})[0] == 403
    assert asking(ana)("POST", people, {"people": [cora.pk]}) == (200, {"added": 1})
    roles = {one["name"]: one["role"] for one in asking(ben).get(people)["people"]}
    assert roles == {"Ana Reyes": "admin", "Ben Cruz": "member", "Cora Lim": "member"}
    assert asking(ana)("DELETE", f"{people}{cora.pk}/")[0] == 200
    assert asking(cora)("POST", "messages/", {"conversation": made["id"], "text": "Still here?"})[0] == 403
    assert asking(ben)("POST", f"conversations/{made['id']}/leave/")[0] == 200
    assert asking(ben).get("conversations/")["conversations"] == []


def test_who_takes_no_part_learns_nothing(ana, ben, cora, asking):
    one = write(ana, ben, "Secret")
    for method, path in (
        ("GET", f"conversations/{one.conversation_id}/"),
        ("GET", f"conversations/{one.conversation_id}/messages/"),
        ("GET", f"conversations/{one.conversation_id}/people/"),
        ("POST", f"conversations/{one.conversation_id}/typing/"),
        ("GET", f"messages/{one.pk}/"),
        ("DELETE", f"messages/{one.pk}/"),
        ("PUT", f"messages/{one.pk}/reactions/x/"),
    ):
        status, answer = asking(cora)(method, path, {} if method == "POST" else None)
        assert status == 404, path
        assert "Secret" not in str(answer)
    assert asking(cora)("POST", f"conversations/{one.conversation_id}/typing/", {"is_typing": False})[0] == 404


def test_whoever_writes_or_types_too_often_is_told_when_to_come_back(ana, ben, asking, monkeypatch):
    one = write(ana, ben)
    monkeypatch.setattr(turns, "senders", TokenBuckets(2, 0.1))
    monkeypatch.setattr(turns, "typists", TokenBuckets(1, 0.1))
    place, asks = one.conversation_id, asking(ana)
    sending = {"conversation": place, "text": "Hello"}
    reaction, typing = f"messages/{one.pk}/reactions/x/", f"conversations/{place}/typing/"
    asked = [("POST", "messages/", sending), ("PUT", reaction, None), ("POST", typing, {})] * 2
    assert [asks(*each)[0] for each in asked] == [200, 200, 200, 429, 429, 429]
    refused = asks.client.post(f"{API}messages/", sending, content_type="application/json")
    assert 0 < int(refused["Retry-After"]) <= 10


def test_people_are_found_by_any_part_of_their_names(ana, ben, cora, asking):
    for text, found in (("cruz be", ["Ben Cruz"]), ("LIM", ["Cora Lim"]), (ben.username, ["Ben Cruz"])):
        assert [one["name"] for one in asking(ana).get(f"people/?q={text}")["people"]] == found
    ben.is_active = False
    ben.save()
    assert asking(ana).get(f"people/?q={ben.username}") == {"people": []}
    assert asking(ana)("GET", f"people/{ben.pk}/")[0] == 404


def test_a_person_is_shown_with_the_conversation_that_one_has(ana, ben, asking):
    assert asking(ana).get(f"people/{ben.pk}/")["conversation"] is None
    one = write(ana, ben)
    assert asking(ana).get(f"people/{ben.pk}/")["conversation"]["id"] == one.conversation_id
    assert asking(ana)("GET", "people/18446744073709551616/")[0] == 404


def test_a_file_is_uploaded_and_sent(ana, ben, asking):
    ask = asking(ana)
    file = SimpleUploadedFile("list.csv", b"a,b\n1,2\n")
    uploaded = ask.client.post("/messages/api/attachments/", {"file": file}).json()
    status, answer = ask("POST", "messages/", {"receiver": ben.pk, "attachments": [uploaded["id"]]})
    assert (status, [one["name"] for one in answer["attachments"]]) == (200, ["list.csv"])
    empty = ask.client.post("/messages/api/attachments/", {"file": SimpleUploadedFile("empty.csv", b"")})
    assert (empty.status_code, bool(empty.json()["error"])) == (422, True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("conversation", "receiver", "text", "parent", "attachments", "client_id", "participants", "title", "people")
CHOICES = ("is_encrypted", "read_receipts", "last_seen", "device_id", "public_key")
bodies = json_values | st.dictionaries(
    st.sampled_from((*NAMES, "muted", "archived", "up_to", "messages", "is_typing", *CHOICES)), json_values, max_size=6
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), method=st.sampled_from(("POST", "PATCH", "PUT", "DELETE")), body=bodies)
def test_no_body_brings_a_500(ana, ben, asking, path, method, body):
    if not Participant.objects.exists():
        write(ben, ana)
    status, answer = asking(ana)(method, path, body)
    assert status in {200, 401, 403, 404, 405, 409, 422}
    assert isinstance(answer, dict)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("conversations/?limit=x", 422),
        ("conversations/?limit=0", 422),
        ("conversations/?before=-1", 422),
        ("conversations/?archived=maybe", 422),
        ("conversations/?unread=1", 422),
        ("keys/?people=,,\0,x,99999999999999999999", 200),
        ("conversations/99999999999999999999/", 404),
        ("conversations/1/messages/?before=x", 422),
        ("about/nothing/", 404),
        ("about/project:x/", 404),
        ("about/project:99999999999999999999/", 404),
        ("presence/?ids=x,1,99999999999999999999", 200),
        ("people/x/", 404),
    ],
)
def test_no_address_brings_a_500(ana, ben, asking, path, status):
    write(ben, ana)
    place = conversations.open_direct(ana, ben).pk
    assert asking(ana)("GET", path.replace("conversations/1/", f"conversations/{place}/"))[0] == status


def test_an_account_that_is_no_longer_used_can_be_taken_out(ana, ben, cora, asking):
    made = group(ana, ben, cora, subject="Drainage")
    ben.is_active = False
    ben.save()
    ask = asking(ana)
    assert ask("DELETE", f"conversations/{made.pk}/people/{ben.pk}/") == (200, {})
    assert {one["id"] for one in ask.get(f"conversations/{made.pk}/people/")["people"]} == {ana.pk, cora.pk}
    for nobody in ("0", "999999", "x", "9" * 30):
        assert ask("DELETE", f"conversations/{made.pk}/people/{nobody}/")[0] == 404, nobody


def test_whoever_writes_too_often_is_told_when_to_come_back(ana, ben, asking, monkeypatch):
    monkeypatch.setattr(turns, "senders", TokenBuckets(3, 1))
    ask, sent = asking(ana), write(ben, ana)
    path = f"/messages/api/messages/{sent.pk}/reactions/👍/"
    assert [ask.client.put(path).status_code for _ in range(2)] == [200, 200]
    body = {"receiver": ben.pk, "text": "Hello"}
    assert ask("POST", "messages/", body)[0] == 200
    refused = ask.client.post("/messages/api/messages/", body, content_type="application/json")
    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    assert ask.client.delete(path).status_code == 429
    assert asking(ben)("POST", "messages/", {"receiver": ana.pk, "text": "Hello"})[0] == 200


def test_whoever_left_is_not_told_who_takes_part(ana, ben, asking):
    place = group(ana, ben).pk
    assert asking(ben)("POST", f"conversations/{place}/leave/") == (200, {})
    assert asking(ben)("GET", f"conversations/{place}/people/")[0] == 403


def test_the_list_of_what_is_unread_is_made_by_the_server(ana, ben, asking, django_assert_max_num_queries):
    places = [group(ana, ben, subject=str(number)) for number in range(40)]
    for place in places:
        write(ben, place)
    asking(ana)("POST", f"conversations/{places[-1].pk}/read/", {"up_to": Message.objects.latest("pk").pk})
    ask = asking(ana)
    ask.get("conversations/?unread=true")
    with django_assert_max_num_queries(14):  # as the whole list
        answer = ask.get("conversations/?unread=true&limit=30")
    last = answer["conversations"][-1]["id"]
    rest = ask.get(f"conversations/?unread=true&limit=30&before={last}")
    shown = [one["id"] for one in (*answer["conversations"], *rest["conversations"])]
    assert (shown, answer["has_more"], rest["has_more"]) == ([one.pk for one in places[-2::-1]], True, False)


def test_what_others_learn_is_chosen(ana, ben, asking):
    assert asking(ana).get("preferences/") == {"read_receipts": True, "last_seen": "contacts"}
    status, answer = asking(ana)("PATCH", "preferences/", {"last_seen": "nobody"})
    assert (status, answer) == (200, {"read_receipts": True, "last_seen": "nobody"})
    asking(ana)("PATCH", "preferences/", {"read_receipts": False})
    assert asking(ana).get("preferences/") == {"read_receipts": False, "last_seen": "nobody"}
    for wrong in ({"last_seen": "x"}, {"last_seen": []}, {"read_receipts": "no"}):
        assert asking(ana)("PATCH", "preferences/", wrong)[0] == 422, wrong
    one = write(ben, ana)
    asking(ana)("POST", f"conversations/{one.conversation_id}/read/", {"up_to": one.pk})
    assert asking(ben).get(f"messages/{one.pk}/")["read_at"] is None


def test_devices_publish_keys_and_what_they_encrypted_is_sent_and_corrected(ana, ben, asking):
    key = {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}
    envelope, place = '{"v": 1}', write(ana, ben).conversation_id
    body = {"conversation": place, "text": envelope, "is_encrypted": True}
    assert asking(ana)("PUT", "keys/", {"device_id": "desk", "public_key": key})[0] == 200
    assert asking(ana)("POST", "messages/", body)[1]["code"] == "no_keys"
    asking(ben)("PUT", "keys/", {"device_id": "phone", "public_key": key})
    keys = asking(ana).get(f"keys/?people={ana.pk},{ben.pk},x,{2**70}")["keys"]
    assert [(one["user_id"], one["device_id"], one["public_key"]) for one in keys] == [
        (ana.pk, "desk", key),
        (ben.pk, "phone", key),
    ]
    status, sent = asking(ana)("POST", "messages/", body)
    assert (status, sent["kind"], sent["text"], sent["html"]) == (200, "encrypted", envelope, None)
    newest = asking(ben).get("conversations/")["conversations"][0]["last_message"]
    assert (newest["kind"], newest["text"]) == ("encrypted", "[Encrypted message]")
    corrected = asking(ana)("PATCH", f"messages/{sent['id']}/", {"text": '{"v": 1, "body": ""}'})
    assert (corrected[0], corrected[1]["text"]) == (200, '{"v": 1, "body": ""}')
    assert asking(ana)("PATCH", f"messages/{sent['id']}/", {"text": "ñ"})[0] == 422
    assert [asking(ana)("DELETE", "keys/?device_id=desk")[0] for _ in range(2)] == [200, 404]
    assert [asking(ana)("DELETE", f"keys/{query}")[0] for query in ("", "?device_id=%00")] == [422, 422]
    assert asking(ana)("PUT", "keys/", {"device_id": "desk", "public_key": {**key, "d": "c"}})[0] == 422
