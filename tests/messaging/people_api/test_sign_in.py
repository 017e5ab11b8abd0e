"""Signing in and out with a token, on the office's site."""

import logging

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from rest_framework.authtoken.models import Token

from projeng import sign_in

LOGIN, LOGOUT, PEOPLE = "/api/v1/auth/login/", "/api/v1/auth/logout/", "/api/v1/accounts/users/"
PASSWORD = "a-password-of-ana-4711"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return get_user_model().objects.create_user("ana", password=PASSWORD, first_name="Ana", last_name="Reyes")


@pytest.fixture
def key(ana):
    return Token.objects.create(user=ana).key


@pytest.fixture(autouse=True)
def own_limits(monkeypatch):
    """Each test has the tries of a process that has just started."""
    monkeypatch.setattr(sign_in, "tries", sign_in.Tries(5))


def login(client, username="ana", password=PASSWORD, **headers):
    given = {"username": username, "password": password}
    return client.post(LOGIN, given, content_type="application/json", headers=headers)


def test_signing_in_gives_a_token_and_says_whose_it_is(client, ana):
    answer = login(client)
    assert answer.status_code == 200
    said = answer.json()
    assert set(said) == {
        "key",
        "message",
        "user",
        "college_id",
        "tenant_ids",
        "accessible_colleges",
        "user_roles",
        "user_permissions",
        "user_profile",
    }
    assert said["key"] == Token.objects.get(user=ana).key
    assert (said["user"]["id"], said["user"]["username"]) == (ana.pk, "ana")
    assert said["user"]["full_name"] == "Ana Reyes"
    assert (said["college_id"], said["tenant_ids"]) == (None, [])
    assert "sessionid" not in answer.cookies


def test_signing_in_again_gives_the_same_token(client, ana):
    assert login(client).json()["key"] == login(client).json()["key"]


def test_an_old_token_in_the_header_keeps_nobody_from_signing_in(client, ana):
    assert login(client, authorization="Token " + "0" * 40).status_code == 200


def test_forms_are_taken_as_well(client, ana):
    assert client.post(LOGIN, {"username": "ana", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("username", ["ana", "nobody", "disabled"])
def test_a_wrong_password_an_unknown_name_and_a_disabled_account_get_the_same_answer(client, ana, username):
    get_user_model().objects.create_user("disabled", password=PASSWORD, is_active=False)
    answer = login(client, username, PASSWORD if username == "disabled" else "wrong")
    assert answer.status_code == 400
    assert answer.json() == {"non_field_errors": ["Unable to log in with provided credentials."]}


def test_what_is_missing_is_named(client):
    answer = client.post(LOGIN, {}, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json() == {"username": ["This field is required."], "password": ["This field is required."]}


def test_wrong_passwords_are_limited_for_programs_as_for_pages(client, ana):
    assert [login(client, password="wrong").status_code for _ in range(6)] == [400] * 5 + [429]
    refused = login(client)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["detail"].startswith("There were too many tries with a wrong password.")


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "token", "BEARER"])
def test_either_word_before_the_token_is_accepted(client, key, scheme):
    assert client.get(PEOPLE, headers={"authorization": f"{scheme} {key}"}).status_code == 200


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, "Authentication credentials were not provided."),
        ("Basic YW5hOnB3", "Authentication credentials were not provided."),
        ("Token", "Invalid token."),
        ("Token " + "0" * 40, "Invalid token."),
        ("Bearer " + "f" * 41, "Invalid token."),
        ("Token two words", "Invalid token."),
        ("Token \xe4", "Invalid token."),
        ("Token \0", "Invalid token."),
    ],
)
def test_without_a_valid_token_the_answer_is_401(client, header, text):
    answer = client.get(PEOPLE, headers={"authorization": header} if header is not None else {})
    assert (answer.status_code, answer.json()) == (401, {"detail": text})
    assert answer["WWW-Authenticate"] == "Token"


def test_the_token_of_a_disabled_account_is_refused(client, ana, key):
    get_user_model().objects.filter(pk=ana.pk).update(is_active=False)
    answer = client.get(PEOPLE, headers={"authorization": f"Token {key}"})
    assert (answer.status_code, answer.json()) == (401, {"detail": "User inactive or deleted."})


def test_signing_out_deletes_the_token(client, ana, key):
    header = {"authorization": f"Bearer {key}"}
    answer = client.post(LOGOUT, headers=header)
    assert (answer.status_code, answer.json()) == (200, {"detail": "Successfully logged out."})
    assert not Token.objects.filter(user=ana).exists()
    assert client.get(PEOPLE, headers=header).status_code == 401


def test_a_session_is_accepted_and_writes_only_with_its_csrf_token(ana, key):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    assert client.get(PEOPLE).status_code == 200
    assert client.post(LOGOUT).status_code == 403
    assert Token.objects.filter(user=ana).exists()
    client.cookies["csrftoken"] = "c" * 32
    assert client.post(LOGOUT, headers={"x-csrftoken": "c" * 32}).status_code == 200
    assert client.get(PEOPLE).status_code == 401


def test_neither_tokens_nor_passwords_are_logged(client, ana, key, caplog):
    caplog.set_level(logging.DEBUG)
    login(client)
    login(client, password="a-wrong-password")
    client.get(PEOPLE, headers={"authorization": f"Token {key}"})
    client.get(PEOPLE, headers={"authorization": "Token " + "9" * 40})
    lines = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert not any(secret in lines for secret in (key, PASSWORD, "a-wrong-password", "9" * 40))
