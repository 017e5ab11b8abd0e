"""Credentials beside sessions: whose a key is, which are still valid, and what ends connections."""

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore

from realtime.access import credentials
from realtime.access.credentials import SESSION, Credential, is_living, living, register_credential
from realtime.access.identity import Identity, of_key, of_session


@pytest.fixture
def passes(monkeypatch) -> dict[str, User]:
    """A kind of credential that an application has registered: keys, and whose they are."""
    known: dict[str, User] = {}
    monkeypatch.setattr(credentials, "_kinds", dict(credentials._kinds))
    register_credential("pass", lambda keys: known.keys() & set(keys), known.get)
    return known


def test_a_key_is_whose_the_application_says(passes):
    someone = passes["k"] = User(pk=7)
    assert of_key("pass", "k") == Identity(someone, Credential("pass", "k"))
    assert of_key("pass", "invented") is None
    assert of_key("of no kind", "k") is None


@pytest.mark.django_db
def test_of_many_credentials_those_that_are_valid_are_found_with_one_query_for_all_sessions(
    passes, django_assert_num_queries
):
    passes["a"] = passes["b"] = User(pk=7)
    session = SessionStore()
    session.create()
    valid = [Credential("pass", "a"), Credential("pass", "b"), Credential(SESSION, session.session_key)]
    over = [Credential("pass", "c"), Credential(SESSION, "gone"), Credential("of no kind", "a")]
    with django_assert_num_queries(1):
        assert living([*valid, *over]) == {(one.kind, one.key) for one in valid}


@pytest.mark.django_db
def test_a_key_of_one_kind_is_none_of_another(passes):
    passes["a"] = User(pk=7)
    assert is_living(Credential("pass", "a"))
    assert not is_living(Credential(SESSION, "a"))


def test_a_credential_does_not_show_its_key():
    assert "key" not in repr(Credential(SESSION, "the key of it", "the hash")).replace("kind", "")
    assert "hash" not in repr(Credential(SESSION, "the key of it", "the hash"))


def test_a_session_is_valid_for_one_password_only():
    user = User(pk=7, password="its hash")
    identity = of_session(user, SessionStore("the key of it"))
    assert identity is not None
    assert identity.credential == Credential(SESSION, "the key of it", user.get_session_auth_hash())
