"""Where DRF and Ninja differ by themselves: section 12 of the contract, a test for each of its numbered lines.

Each is asked of both sides.
"""

import json
import uuid

import pytest
from django.test import Client

from comm_service.models import Document, EmailQueue, Message, Notification

API = "/comm/api/"
ANA, BEN = uuid.UUID(int=1), uuid.UUID(int=2)
DETAIL_ALLOW = "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


@pytest.fixture(params=["legacy", "ninja"])
def client(request, settings, db) -> Client:
    settings.COMM_COMPAT, settings.COMM_API = True, request.param
    return Client()


def made(**values) -> Message:
    return Message.objects.create(**{"sender_id": ANA, "receiver_id": BEN, **values})


def at(row) -> str:
    return f"{API}{row._meta.db_table}/{row.pk}/"


def post(client, path="messages/", content_type="application/json", **said):
    body = {"sender_id": str(ANA), "receiver_id": str(BEN), **said} if path == "messages/" else said
    return client.post(API + path, json.dumps(body), content_type)


def refused(client, path="messages/", **said):
    response = post(client, path, **said)
    assert response.status_code == 400, response.content
    return response.json()


def test_01_post_is_201_with_the_fields_that_are_written(client):
    response = post(client, subject="Report")
    assert response.status_code == 201
    assert list(response.json()) == ["sender_id", "receiver_id", "subject", "body", "metadata"]


def test_02_delete_is_204_and_empty(client):
    message = made()
    response = client.delete(at(message))
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("2025-01-15T10:30:00.123456+00:00", b'"2025-01-15T10:30:00.123456Z"'),
        ("2025-01-15T10:30:00.120000+00:00", b'"2025-01-15T10:30:00.120000Z"'),
        ("2025-01-15T10:30:00.120999+00:00", b'"2025-01-15T10:30:00.120999Z"'),
        ("2025-01-15T10:30:00+00:00", b'"2025-01-15T10:30:00Z"'),
    ],
)
def test_03_times_have_six_digits_or_none(client, stored, shown):
    message = made()
    Message.objects.filter(pk=message.pk).update(created_at=stored)
    assert b'"created_at":' + shown in client.get(at(message)).content
    assert b'"created_at":' + shown in client.get(f"{API}messages/").getvalue()


def test_04_json_is_compact_and_utf_8(client):
    message = made(subject="é 😀 \u2028\u2029", metadata={"a": [1, "ü"]})
    body = client.get(at(message)).content
    assert '"subject":"é 😀 \\u2028\\u2029"'.encode() in body
    assert '"metadata":{"a":[1,"ü"]}'.encode() in body


def test_05_the_content_type_has_no_charset(client):
    assert client.get(f"{API}messages/")["Content-Type"] == "application/json"
    assert client.get(f"{API}messages/x/")["Content-Type"] == "application/json"


def test_06_allow_is_on_every_answer_in_a_fixed_order(client):
    message = at(made())
    assert client.get(f"{API}messages/")["Allow"] == post(client)["Allow"] == "GET, POST, HEAD, OPTIONS"
    for answer in (client.get(message), client.get(f"{API}messages/x/"), client.post(message), client.delete(message)):
        assert answer["Allow"] == DETAIL_ALLOW
    assert client.get(f"{API}messages/sent/{ANA}/")["Allow"] == "GET, HEAD, OPTIONS"
    assert client.get(f"{message}mark_read/")["Allow"] == "POST, OPTIONS"


def test_07_head_and_options_are_answered(client):
    message = at(made())
    assert (client.head(message).status_code, client.head(message).content) == (200, b"")
    said = client.options(message).json()
    assert list(said) == ["name", "description", "renders", "parses", "actions"]
    assert (said["name"], said["parses"]) == ("Message Instance", ["application/json"])
    subject = {"type": "string", "required": False, "read_only": False, "label": "Subject", "max_length": 255}
    assert said["actions"]["PUT"]["subject"] == subject


def test_08_405_and_404_are_json_also_for_a_malformed_id(client):
    response = client.put(f"{API}messages/")
    assert (response.status_code, response.content) == (405, b'{"detail":"Method \\"PUT\\" not allowed."}')
    for value in (uuid.uuid4(), "x", "1"):
        for path in (f"messages/{value}/", f"messages/{value}.json"):
            response = client.get(API + path)
            assert (response.status_code, response.content) == (404, b'{"detail":"Not found."}')
    assert client.get(f"{API}messages/sent/x/").content == b'{"detail":"Not found."}'


def test_09_an_invalid_body_is_400_with_texts_by_field(client):
    response = client.post(f"{API}messages/", '{"receiver_id":"x"}', "application/json")
    assert response.status_code == 400
    assert response.content == b'{"sender_id":["This field is required."],"receiver_id":["Must be a valid UUID."]}'


def test_10_bad_json_has_the_decoders_words_and_a_byte_order_mark_is_bad(client):
    response = client.post(f"{API}messages/", "{", "application/json")
    with pytest.raises(ValueError, match="Expecting") as error:
        json.loads("{")
    assert response.json() == {"detail": f"JSON parse error - {error.value}"}
    response = client.post(f"{API}messages/", "\ufeff{}".encode(), "application/json")
    assert response.json()["detail"].startswith("JSON parse error - Unexpected UTF-8 BOM")


def test_11_a_body_that_is_no_object_is_refused_and_an_empty_one_has_no_fields(client):
    response = client.post(f"{API}messages/", "[]", "application/json")
    assert response.json() == {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}
    assert client.post(f"{API}messages/", "null", "application/json").json() == {
        "non_field_errors": ["No data provided"]
    }
    assert list(client.post(f"{API}messages/", "", "application/json").json()) == ["sender_id", "receiver_id"]


def test_12_another_content_type_is_415(client):
    response = post(client, content_type="text/plain; a=b")
    assert response.status_code == 415
    assert response.content == b'{"detail":"Unsupported media type \\"text/plain; a=b\\" in request."}'
    assert post(client, content_type="application/json; charset=utf-8").status_code == 201


def test_13_accept_format_and_suffix(client):
    response = client.post(f"{API}messages/", "{}", "application/json", HTTP_ACCEPT="text/html")
    assert response.status_code == 406
    assert response.content == b'{"detail":"Could not satisfy the request Accept header."}'
    message = made()
    whole = client.get(f"{API}messages/").getvalue()
    assert client.get(f"{API}messages.json").getvalue() == client.get(f"{API}messages/?format=json").getvalue() == whole
    assert client.get(f"{at(message)[:-1]}.json").content == client.get(at(message)).content
    assert client.post(f"{at(message)}mark_read.json").status_code == 200
    assert client.get(f"{API}messages/?format=xml").content == b'{"detail":"Not found."}'
    assert (
        client.get(f"{API}messages/", HTTP_ACCEPT="application/json; indent=2")
        .getvalue()
        .startswith(b'[\n  {\n    "id"')
    )


def test_14_text_is_trimmed_and_numbers_become_text(client):
    assert post(client, subject="  a b\t", body=5).json()["subject"] == "a b"
    assert post(client, subject="   ", body=5).json()["body"] == "5"
    assert post(client, subject=" ").json()["subject"] == ""
    assert refused(client, subject=True) == {"subject": ["Not a valid string."]}


def test_15_a_text_that_is_too_long_is_400(client):
    assert post(client, subject=" " + "é" * 255).status_code == 201
    wanted = {"subject": ["Ensure this field has no more than 255 characters."]}
    assert refused(client, subject="x" * 256) == wanted


def test_16_nul_surrogates_and_numbers_beyond_range_are_400(client):
    assert refused(client, subject="\0") == {"subject": ["Null characters are not allowed."]}
    assert refused(client, subject="\ud800") == {"subject": ["Surrogate characters are not allowed: U+D800."]}
    assert refused(client, metadata={"a": ["\0"]}) == {"metadata": ["Null characters are not allowed."]}
    response = client.post(f"{API}messages/", '{"metadata":NaN}', "application/json")
    assert response.json() == {
        "detail": "JSON parse error - Out of range float values are not JSON compliant: 'NaN'",
    }
    body = f'{{"sender_id":"{ANA}","receiver_id":"{BEN}","metadata":1E400}}'
    response = client.post(f"{API}messages/", body, "application/json")
    assert response.json() == {"metadata": ["Value must be valid JSON."]}


@pytest.mark.parametrize(
    "said",
    [5, str(uuid.UUID(int=5)), f"{uuid.UUID(int=5)}".replace("-", ""), "{0-000" + "0" * 27 + "5}"],
)
def test_17_a_uuid_comes_in_many_forms(client, said):
    assert post(client, sender_id=said).json()["sender_id"] == str(uuid.UUID(int=5))
    assert post(client, sender_id=True).json()["sender_id"] == str(ANA)
    assert refused(client, sender_id=2**128) == {"sender_id": ["Must be a valid UUID."]}


def test_18_a_wrong_choice_is_named(client):
    for said, shown in (("sms", "sms"), ("", ""), (5, "5"), ("Email", "Email")):
        assert refused(client, "notifications/", user_id=str(ANA), type=said) == {
            "type": [f'"{shown}" is not a valid choice.']
        }


@pytest.mark.parametrize("said", [[], "text", 5, 1.5, False, "", {"a": {}}])
def test_19_metadata_is_any_json_but_null(client, said):
    assert post(client, metadata=said).json()["metadata"] == said
    message = Message.objects.get()
    assert client.get(at(message)).json()["metadata"] == said
    assert refused(client, metadata=None) == {"metadata": ["This field may not be null."]}


def test_20_times_and_integers_are_read_strictly(client):
    def queued(moment):
        return post(client, "email_queue/", to_addresses=[], scheduled_at=moment)

    assert queued("2025-01-15").json()["scheduled_at"] == "2025-01-15T00:00:00Z"
    assert queued("2025-01-15T10:30:00.5+08:00").json()["scheduled_at"] == "2025-01-15T02:30:00.500000Z"
    for said in (1736937000, "1736937000", "", True):
        assert queued(said).json()["scheduled_at"][0].startswith("Datetime has wrong format.")
    assert queued("0001-01-01T00:00:00+10:00").json() == {"scheduled_at": ["Datetime value out of range."]}
    assert refused(client, "documents/", storage_path="a", size_bytes=True) == {
        "size_bytes": ["A valid integer is required."]
    }
    assert post(client, "documents/", storage_path="a", size_bytes="12.0").json()["size_bytes"] == 12


def test_21_patch_writes_what_was_sent_and_put_keeps_what_was_left_out(client):
    message = made(subject="kept", body="kept", metadata={"kept": 1})
    client.patch(at(message), '{"body":"new"}', "application/json")
    client.put(at(message), json.dumps({"sender_id": str(BEN), "receiver_id": str(BEN)}), "application/json")
    message.refresh_from_db()
    assert (message.sender_id, message.subject, message.body, message.metadata) == (BEN, "kept", "new", {"kept": 1})


def test_22_a_missing_row_is_404_before_the_body_is_looked_at(client):
    response = client.put(f"{API}messages/{uuid.uuid4()}/", "{", "text/plain")
    assert (response.status_code, response.content) == (404, b'{"detail":"Not found."}')


def test_23_actions_never_look_at_the_body(client):
    message, failed = made(), Notification.objects.create(user_id=ANA, type="push", status="failed", last_error="x")
    assert client.post(f"{at(message)}mark_read/", "{", "text/plain").json()["read_at"]
    answer = client.post(f"{at(failed)}retry/", b"\xff", "application/json").json()
    assert (answer["status"], answer["last_error"]) == ("pending", None)


def test_24_a_dot_begins_a_format_and_ids_do_not_hide_lists(client):
    made()
    assert client.get(f"{API}messages/sent/{ANA}.json").status_code == 200
    assert client.get(f"{API}notifications/by_status/a.b/").json() == {"detail": "Not found."}
    assert client.get(f"{API}messages/sent/").json() == {"detail": "Not found."}


def test_25_answers_have_every_field_in_order_also_of_rows_with_odd_values(client):
    EmailQueue.objects.create(to_addresses="no list", status="of another time")
    [row] = json.loads(client.get(f"{API}email_queue/").getvalue())
    assert list(row) == [
        "id", "to_addresses", "subject", "body", "headers", "created_at", "scheduled_at", "sent_at", "status",
        "attempts", "last_error",
    ]  # fmt: skip
    Document.objects.create(storage_path="a", metadata=[])
    [row] = json.loads(client.get(f"{API}documents/").getvalue())
    assert list(row)[-5:] == ["metadata", "owner_data", "student_data", "offer_data", "uploaded_by_data"]


def test_26_no_word_of_pydantic_is_in_any_error(client):
    wrong = {"sender_id": {}, "receiver_id": [], "subject": {}, "body": [], "metadata": None}
    body = client.post(f"{API}messages/", json.dumps(wrong), "application/json").content
    for word in (b"Input", b"value_error", b"type", b"loc", b"pydantic", b"ctx"):
        assert word not in body
