"""Whatever a body, a query or an address holds: nothing is answered with a fault, and every refusal has one form."""

import json
import math
import string
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from messaging import conversations, turns
from messaging.api import inputs
from realtime.transports.token_buckets import TokenBuckets
from tests.messaging.conftest import write
from tests.support.people import person

# Bodies that nearly are what an address takes, and bodies that are anything.
FIELDS = sorted(
    {
        name
        for serializer in vars(inputs).values()
        if isinstance(serializer, type) and issubclass(serializer, inputs.serializers.Serializer)
        for name in serializer().fields
    }
)
NUMBERS = st.one_of(
    st.integers(-2, 5), st.integers(), st.sampled_from([2**31, 2**63, 2**64, 10**30]), st.floats(allow_nan=False)
)
WORDS = st.sampled_from(
    [
        "text",
        "markdown",
        "html",
        "direct",
        "group",
        "support",
        "admin",
        "contacts",
        "true",
        "",
        "1",
        "\0",
        "\u202e",
        "\ud800",
        "👍",
    ]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "\0", ""]), inner, max_size=2)
    ),
    max_leaves=6,
)
BODIES = st.one_of(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6), VALUES)
QUERIES = st.dictionaries(
    st.sampled_from(
        ["page", "limit", "before", "after", "archived", "type", "search", "parent_id", "emoji", "user_ids"]
    ),
    st.one_of(st.text(max_size=10), NUMBERS.map(str), WORDS),
    max_size=3,
)
OF_PLACES = ("", "/join", "/leave", "/messages", "/participants", "/read", "/typing")
PATHS = st.one_of(
    st.sampled_from(
        ["conversations", "messages", "messaging/preferences", "messaging/keys", "messaging/presence", "ws-ticket"]
    ),
    st.tuples(st.sampled_from(["{direct}", "{group}", "0"]), st.sampled_from(OF_PLACES)).map(
        lambda made: f"conversations/{made[0]}{made[1]}"
    ),
    st.text(string.ascii_letters + string.digits + "-%+", min_size=1, max_size=5).map(
        lambda made: f"conversations/{{group}}/participants/{made}"
    ),
    st.sampled_from(["", "/history", "/reactions"]).map(lambda made: f"messages/{{message}}{made}"),
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"])
KINDS = st.sampled_from(["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])


def bytes_of(body: Any) -> bytes:
    """JSON as hostile clients write it: infinite numbers and halves of surrogate pairs stay in it."""
    return json.dumps(body).replace(f"{math.inf}", "1e999").encode()


@pytest.fixture(params=["sqlite", "postgres"])
def people(request, new_database, on_database) -> tuple[Any, Any]:
    """Two people, on a database of the test's own."""
    on_database(new_database(request.param))
    return person(), person()


@settings(max_examples=100, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(method=METHODS, path=PATHS, body=BODIES, query=QUERIES, kind=KINDS)
def test_no_request_is_answered_with_a_fault(people, monkeypatch, method, path, body, query, kind):
    monkeypatch.setattr(turns, "senders", TokenBuckets(1e9, 1e9))
    one, other = people
    token, _ = Token.objects.get_or_create(user=one)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    with transaction.atomic():  # what it changes must not make the next request another one
        message = write(one, other)
        group = conversations.create(creator=one, kind="group", participants=[other])
        known = {"message": message.pk, "direct": message.conversation_id, "group": group.pk}
        sent = {} if method == "GET" else {"data": bytes_of(body), "content_type": kind}
        answer = client.generic(method, f"/api/v1/{path.format(**known)}", QUERY_STRING=_encoded(query), **sent)
        transaction.set_rollback(True)
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400 and "json" in answer.get("Content-Type", ""):
        assert isinstance(answer.json()["detail"], str), answer.content


def _encoded(query: dict[str, str]) -> str:

    return urlencode(query, errors="replace")
