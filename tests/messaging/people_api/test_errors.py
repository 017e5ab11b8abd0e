"""Whatever comes in, the APIs answer in JSON, and never with 500."""

import pytest

pytestmark = pytest.mark.django_db  # the middleware looks at the connection

LOGIN = "/api/v1/auth/login/"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 100_000, "application/json"),
        (b"9" * 5_000, "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"{}", "application/json; charset=no-such"),
        (b"{}", "application/json; charset=rot13"),
        (b"username=%ff", "application/x-www-form-urlencoded; charset=rot13"),
        (b"NaN", "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b'{"username": {"a": 1}, "password": []}', "application/json"),
        (b'{"username": "\\u0000", "password": "x"}', "application/json"),
        (b'{"username": "\\ud800", "password": "x"}', "application/json"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary="),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"&".join(b"a=1" for _ in range(2_000)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_wrong_is_refused_in_json(client, db, body, content_type):
    answer = client.generic("POST", LOGIN, body, content_type)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"
    assert answer.json()


def test_a_type_of_body_that_is_not_taken_is_named(client):
    answer = client.generic("POST", LOGIN, b"<a/>", "text/xml")
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/json")


def test_a_form_that_is_too_large_is_refused_in_json(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = client.generic("POST", LOGIN, b"username=" + b"x" * 200, "application/x-www-form-urlencoded")
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/json")


def test_a_method_that_is_not_there_is_405(client):
    answer = client.get(LOGIN)
    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")


def test_an_address_that_is_not_there_is_404_in_json(client, db):
    answer = client.get("/api/v1/no/such/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_an_address_without_its_slash_leads_to_the_one_with_it(client):
    answer = client.get("/api/v1/accounts/users?search=a")
    assert (answer.status_code, answer["Location"]) == (301, "/api/v1/accounts/users/?search=a")


def test_an_answer_in_another_form_than_json_is_not_offered(client, db):
    assert client.post(LOGIN, {}, headers={"accept": "text/html"}).status_code == 406
