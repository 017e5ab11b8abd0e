"""What the old side takes and refuses, row by row of the contract's table."""

import json

import pytest

from comm_service.contract import RESOURCES
from tests.comm_service.asking import LEAST, MODELS, U, V, ask, content, row_of, shown

REQUIRED, NULL = "This field is required.", "This field may not be null."
BAD_UUID = "Must be a valid UUID."
BAD_TIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
HEX = U.hex


def post(client, path, **values):
    """The status and JSON of a POST of the required fields and these."""
    response = ask(client, "POST", f"{path}/", {**LEAST[path], **values})
    return response.status_code, shown(response)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.path)
@pytest.mark.parametrize("body", [None, "{}", '{"unknown": 1}'])
def test_all_required_fields_that_are_missing_are_named(legacy, resource, body):
    response = ask(legacy, "POST", f"{resource.path}/", body)
    assert (response.status_code, shown(response)) == (400, {name: [REQUIRED] for name in resource.required})


@pytest.mark.parametrize(
    "content_type", ["application/xml", "multipart/form-data", "application/x-www-form-urlencoded"]
)
def test_no_body_is_an_empty_one_whatever_its_type(legacy, content_type):
    response = ask(legacy, "POST", "documents/", content_type=content_type)
    assert (response.status_code, shown(response)) == (400, {"storage_path": [REQUIRED]})


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("messages", "sender_id"),
        ("messages", "receiver_id"),
        ("messages", "metadata"),
        ("notifications", "user_id"),
        ("notifications", "type"),
        ("notifications", "metadata"),
        ("documents", "storage_path"),
        ("documents", "metadata"),
        ("email_queue", "to_addresses"),
        ("email_queue", "headers"),
    ],
)
def test_null_is_refused_where_the_table_has_none(legacy, path, field):
    assert post(legacy, path, **{field: None}) == (400, {field: [NULL]})


@pytest.mark.parametrize("value", ["nonsense", "", [], {}, 1.5, -1, 2**128, f" {U}", f"{U} ", "1" * 31])
def test_a_bad_uuid_is_refused(legacy, value):
    assert post(legacy, "messages", sender_id=value) == (400, {"sender_id": [BAD_UUID]})


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (0, "00000000-0000-0000-0000-000000000000"),
        (2**128 - 1, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        (True, "00000000-0000-0000-0000-000000000001"),
        (False, "00000000-0000-0000-0000-000000000000"),
        (str(U).upper(), str(U)),
        (HEX, str(U)),
        (f"{HEX[:3]}-{HEX[3:]}", str(U)),
        (f"{{{U}}}", str(U)),
        (f"urn:uuid:{U}", str(U)),
    ],
)
def test_a_uuid_is_taken_in_every_form(legacy, value, taken):
    status, said = post(legacy, "messages", sender_id=value)
    assert (status, said["sender_id"]) == (201, taken)


@pytest.mark.parametrize(
    ("path", "field", "most"),
    [
        ("messages", "subject", 255),
        ("notifications", "title", 255),
        ("notifications", "related_object_type", 128),
        ("documents", "storage_path", 2048),
        ("documents", "filename", 512),
        ("documents", "content_type", 255),
        ("email_queue", "subject", 255),
    ],
)
def test_a_text_may_be_as_long_as_its_column_after_trimming(legacy, path, field, most):
    assert post(legacy, path, **{field: f"  {'é' * most}\n"})[0] == 201
    refused = [f"Ensure this field has no more than {most} characters."]
    assert post(legacy, path, **{field: "é" * (most + 1)}) == (400, {field: refused})


@pytest.mark.parametrize(
    ("value", "taken"),
    [(" a b\t\n", "a b"), ("   ", ""), ("", ""), (None, None), (5, "5"), (1.5, "1.5"), (-0.0, "-0.0")],
)
@pytest.mark.parametrize("field", ["subject", "body"])
def test_a_text_is_trimmed_and_a_number_becomes_one(legacy, field, value, taken):
    status, said = post(legacy, "messages", **{field: value})
    assert (status, said[field]) == (201, taken)


@pytest.mark.parametrize("value", [True, False, [], ["a"], {}, {"a": 1}])
def test_what_is_no_text_is_refused(legacy, value):
    assert post(legacy, "messages", subject=value) == (400, {"subject": ["Not a valid string."]})


def test_a_storage_path_may_not_be_blank(legacy):
    assert post(legacy, "documents", storage_path="  ") == (400, {"storage_path": ["This field may not be blank."]})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a\0b", "Null characters are not allowed."),
        ("a\ud800b", "Surrogate characters are not allowed: U+D800."),
    ],
)
@pytest.mark.parametrize(
    ("path", "field", "form"),
    [
        ("messages", "subject", "{}"),
        ("messages", "metadata", '["{}"]'),
        ("messages", "metadata", '{{"a":{{"{}":1}}}}'),
        ("email_queue", "to_addresses", '"{}"'),
        ("email_queue", "headers", '[[["{}"]]]'),
    ],
)
def test_a_character_that_cannot_be_stored_is_refused(legacy, path, field, form, text, fault):
    value = json.loads(form.format(json.dumps(text)[1:-1])) if form != "{}" else text
    assert post(legacy, path, **{field: value}) == (400, {field: [fault]})


@pytest.mark.parametrize(
    ("value", "said"), [("sms", "sms"), ("Email", "Email"), ("", ""), (5, "5"), ([1], "[1]"), ("\ud800", "?")]
)
def test_a_wrong_choice_is_refused(legacy, value, said):
    assert post(legacy, "notifications", type=value) == (400, {"type": [f'"{said}" is not a valid choice.']})


@pytest.mark.parametrize("value", [[], [1, None], "text", "", 5, 1.5, True, {}, {"a": {"b": [None]}}])
@pytest.mark.parametrize(
    ("path", "field"), [("messages", "metadata"), ("email_queue", "headers"), ("email_queue", "to_addresses")]
)
def test_json_may_be_anything(legacy, path, field, value):
    status, said = post(legacy, path, **{field: value})
    assert (status, said[field]) == (201, value)
    [row] = MODELS[path].objects.all()
    assert getattr(row, field) == value
    assert shown(ask(legacy, "GET", f"{path}/{row.pk}/"))[field] == value


@pytest.mark.parametrize(
    ("value", "taken"), [(5, 5), ("12", 12), ("12.0", 12), (1.0, 1), (-5, -5), (2**63 - 1, 2**63 - 1), (None, None)]
)
def test_a_size_is_a_whole_number(legacy, value, taken):
    status, said = post(legacy, "documents", size_bytes=value)
    assert (status, said["size_bytes"]) == (201, taken)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        *((value, "A valid integer is required.") for value in (1.5, True, "", "text", [], {}, "1e3")),
        (2**63, "Ensure this value is less than or equal to 9223372036854775807."),
        (-(2**63) - 1, "Ensure this value is greater than or equal to -9223372036854775808."),
        ("1" * 1001, "String value too large."),
    ],
)
def test_another_size_is_refused(legacy, value, fault):
    assert post(legacy, "documents", size_bytes=value) == (400, {"size_bytes": [fault]})


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("2025-01-15T10:30:00Z", "2025-01-15T10:30:00Z"),
        ("2025-01-15T10:30:00.12Z", "2025-01-15T10:30:00.120000Z"),
        ("2025-01-15T10:30:00.123456789Z", "2025-01-15T10:30:00.123456Z"),
        ("2025-01-15T10:30:00+02:00", "2025-01-15T08:30:00Z"),
        ("2025-01-15T10:30", "2025-01-15T10:30:00Z"),
        ("2025-01-15 10:30", "2025-01-15T10:30:00Z"),
        ("2025-01-15", "2025-01-15T00:00:00Z"),
        ("20250115T103000", "2025-01-15T10:30:00Z"),
        ("2025-W03-3T10:30:00", "2025-01-15T10:30:00Z"),
        (None, None),
    ],
)
def test_a_time_is_taken_in_every_form_of_iso_8601_and_shown_in_utc(legacy, text, taken):
    status, said = post(legacy, "email_queue", scheduled_at=text)
    assert (status, said["scheduled_at"]) == (201, taken)
    [row] = MODELS["email_queue"].objects.all()
    assert shown(ask(legacy, "GET", f"email_queue/{row.pk}/"))["scheduled_at"] == taken


@pytest.mark.parametrize("value", ["soon", "", 5, 1.5, True, [], {}, "2025-13-01"])
def test_what_is_no_time_is_refused(legacy, value):
    assert post(legacy, "email_queue", scheduled_at=value) == (400, {"scheduled_at": [BAD_TIME]})


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_outside_of_the_calendar_is_refused(legacy, text):
    assert post(legacy, "email_queue", scheduled_at=text) == (400, {"scheduled_at": ["Datetime value out of range."]})


@pytest.mark.parametrize(
    ("body", "kind"), [("[]", "list"), ('"x"', "str"), ("5", "int"), ("1.5", "float"), ("true", "bool")]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_that_is_no_object_is_refused(legacy, method, body, kind):
    path = "messages/" if method == "POST" else f"messages/{row_of('messages').pk}/"
    response = ask(legacy, method, path, body)
    refused = [f"Invalid data. Expected a dictionary, but got {kind}."]
    assert (response.status_code, shown(response)) == (400, {"non_field_errors": refused})


def test_null_as_a_body_is_refused(legacy):
    response = ask(legacy, "POST", "messages/", "null")
    assert (response.status_code, shown(response)) == (400, {"non_field_errors": ["No data provided"]})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("\ufeff{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        ('{"a":NaN}', "Out of range float values are not JSON compliant: 'NaN'"),
        ('{"a":-Infinity}', "Out of range float values are not JSON compliant: '-Infinity'"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 500 + "]" * 500, "nested too deeply"),
    ],
)
def test_bad_json_is_refused_with_the_words_of_the_decoder(legacy, body, says):
    response = ask(legacy, "POST", "messages/", body)
    assert (response.status_code, shown(response)) == (400, {"detail": f"JSON parse error - {says}"})


@pytest.mark.parametrize("field", ["subject", "metadata"])
def test_json_that_is_nested_deeply_is_refused_or_kept_and_no_error(legacy, field):
    value = "[" * 390 + "]" * 390
    body = json.dumps(LEAST["messages"])[:-1] + f',"{field}":{value}}}'
    assert ask(legacy, "POST", "messages/", body).status_code == (201 if field == "metadata" else 400)
    for accept in ("application/json", "application/json; indent=4"):
        assert ask(legacy, "GET", "messages/", HTTP_ACCEPT=accept).status_code == 200


def test_a_number_beyond_every_float_is_refused(legacy):
    body = json.dumps(LEAST["messages"])[:-1] + ',"metadata":{"a":1E400}}'
    response = ask(legacy, "POST", "messages/", body)
    assert (response.status_code, shown(response)) == (400, {"metadata": ["Value must be valid JSON."]})


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/vnd.api+json", "multipart/form-data; boundary=x", "", "text/plain; a=b"]
)
def test_another_type_with_a_body_is_refused(legacy, content_type):
    response = ask(legacy, "POST", "messages/", "{}", content_type=content_type)
    detail = {"detail": f'Unsupported media type "{content_type}" in request.'}
    assert (response.status_code, shown(response)) == (415, detail)


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "hex", "rot13", "nonsense", "base64"])
def test_a_charset_of_json_is_no_error(legacy, charset):
    body = json.dumps({**LEAST["messages"], "subject": "é"}, ensure_ascii=False).encode()
    response = ask(legacy, "POST", "messages/", body, content_type=f"application/json; charset={charset}")
    assert (response.status_code, shown(response)["subject"]) == (201, "é")


def test_the_last_of_two_keys_counts_and_unknown_ones_are_ignored(legacy):
    body = json.dumps(LEAST["messages"])[:-1] + ',"subject":"a","subject":"b","id":"x","read_at":"x","status":[]}'
    response = ask(legacy, "POST", "messages/", body)
    assert (response.status_code, shown(response)["subject"]) == (201, "b")
    assert MODELS["messages"].objects.get().read_at is None


def test_faults_are_listed_in_the_order_of_the_fields(legacy):
    body = {"metadata": None, "receiver_id": "x", "subject": "a" * 256}
    said = shown(ask(legacy, "POST", "messages/", body))
    assert list(said) == ["sender_id", "receiver_id", "subject", "metadata"]


def test_a_create_echoes_what_was_sent_and_fills_in_the_rest(legacy):
    body = {"sender_id": str(U), "receiver_id": str(V), "metadata": {"bb": 1, "a": "é"}}
    assert content(ask(legacy, "POST", "messages/", body)) == (
        f'{{"sender_id":"{U}","receiver_id":"{V}","subject":null,"body":null,"metadata":{{"bb":1,"a":"é"}}}}'.encode()
    )
