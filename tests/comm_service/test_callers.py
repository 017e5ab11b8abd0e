"""Who calls: tokens that are accepted, and the words in which the others are refused."""

import time

import jwt
import pytest
from django.test import RequestFactory

from comm_service.callers import Refused, caller_of, caller_of_scope, make_token
from tests.comm_service.asking import U, ask, content, shown

NO_TOKEN = ("NO_TOKEN", "Authorization header required")
EXPIRED = ("TOKEN_EXPIRED", "Token has expired")
INVALID = ("INVALID_TOKEN", "Invalid token")


def signed(settings, key=None, algorithm="HS256", **claims):
    now = time.time()
    said = {"iss": "auth-service", "type": "access", "sub": str(U), "iat": now, "exp": now + 60, **claims}
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, settings.JWT_SECRET_KEY if key is None else key, algorithm=algorithm)


def caller(authorization):
    return caller_of(RequestFactory().get("/", headers={"Authorization": authorization} if authorization else {}))


def refusal(authorization):
    with pytest.raises(Refused) as refused:
        caller(authorization)
    return refused.value.code, refused.value.text


def test_a_token_says_who_calls(settings):
    token = make_token(U, role="student", email="a@example.com")
    found = caller(f"Bearer {token}")
    assert (found.user_id, found.role, found.email) == (U, "student", "a@example.com")
    assert not found.open
    assert not found.sees_all
    assert len(found.token_key) == 64
    assert found.address == "127.0.0.1"


@pytest.mark.parametrize(("role", "sees_all"), [("service", True), ("admin", True), ("encadrant", False), ("", False)])
def test_services_and_administrators_see_everything(role, sees_all):
    assert caller(f"Bearer {make_token(U, role=role)}").sees_all is sees_all


def test_a_request_without_a_token_is_refused():
    assert refusal("") == refusal("  ") == NO_TOKEN


def test_a_token_that_has_expired_is_refused(settings):
    assert refusal(f"Bearer {signed(settings, exp=time.time() - 60)}") == EXPIRED


def test_clocks_may_differ_by_seconds(settings):
    now = time.time()
    for claims in ({"iat": now + 3}, {"exp": now - 3}, {"nbf": now + 3}):
        assert caller(f"Bearer {signed(settings, **claims)}").user_id == U


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "another"},
        {"iss": None},
        {"type": "refresh"},
        {"type": None},
        {"sub": "no-uuid"},
        {"sub": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 10**400},
        {"exp": "1" + "0" * 400},
        {"exp": float("inf")},
        {"nbf": 2**33},
        {"role": ["admin"]},
        {"email": 5},
        {"key": "another-key-of-the-same-length-0123456789-and-a-few-more-for-it"},
        {"algorithm": "HS384"},
    ],
    ids=lambda claims: str(claims)[:60],
)
def test_another_token_is_refused(settings, claims):
    assert refusal(f"Bearer {signed(settings, **claims)}") == INVALID


@pytest.mark.parametrize(
    "shown_", ["Bearer", "Bearer x", "Bearer a.b.c", "Basic YTpi", "Token x", f"Bearer {'x' * 5000}", "Bearer \x80"]
)
def test_what_is_no_token_is_refused(shown_):
    assert refusal(shown_) == INVALID


def test_a_token_without_a_signature_is_refused(settings):
    assert refusal(f"Bearer {signed(settings, key='', algorithm='none')}") == INVALID


def test_an_audience_that_nobody_asked_for_is_no_fault(settings):
    assert caller(f"Bearer {signed(settings, aud='somebody')}").user_id == U


def test_without_a_key_no_token_is_accepted(settings):
    token = make_token(U)
    settings.JWT_SECRET_KEY = ""
    assert refusal(f"Bearer {token}") == INVALID


def test_in_the_compatibility_form_nobody_is_refused(settings, compat):
    for authorization in ("", "Bearer nonsense", "Basic x"):
        found = caller(authorization)
        assert found.open
        assert found.sees_all
        assert found.user_id is None
    found = caller(f"Bearer {make_token(U)}")
    assert (found.open, found.sees_all, found.user_id) == (True, True, U)


@pytest.mark.parametrize("where", ["header", "query"])
def test_a_handshake_shows_its_token_in_a_header_or_in_the_address(where):
    token = make_token(U)
    headers = [(b"authorization", f"Bearer {token}".encode())] if where == "header" else []
    query = f"a=1&token={token}".encode() if where == "query" else b""
    found = caller_of_scope({"headers": headers, "query_string": query, "client": ("127.0.0.1", 5)})
    assert (found.user_id, found.address) == (U, "127.0.0.1")


@pytest.mark.parametrize("query", [b"", b"token=", b"\xff=\xfe", b"&" * 1000, b"token=x&token=y"])
def test_another_handshake_is_refused(query):
    with pytest.raises(Refused):
        caller_of_scope({"headers": [], "query_string": query, "client": None})


def test_the_secured_form_answers_401_in_the_words_of_the_existing_services(client, db):
    for method, path in (("GET", "messages/"), ("POST", "messages/"), ("OPTIONS", "messages/"), ("GET", "")):
        response = ask(client, method, path)
        assert response.status_code == 401
        assert content(response) == b'{"error":"Authorization header required","code":"NO_TOKEN"}'
        assert response["WWW-Authenticate"] == "Bearer"
    assert shown(ask(client, "GET", "messages/", HTTP_AUTHORIZATION="Bearer x"))["code"] == "INVALID_TOKEN"
