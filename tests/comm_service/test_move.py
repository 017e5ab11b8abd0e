"""The move of the API: who is answered by which side, and what the shadow compares, keeps and leaves alone."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from comm_service.api import urls as ninja_urls
from comm_service.callers import make_token
from comm_service.models import Message
from comm_service.move import CommApi, mover_of
from switchover import moves
from switchover.aside import aside
from switchover.demotions import in_force
from switchover.evidence.counting import counter
from switchover.evidence.models import AnswerCount
from switchover.shadow.models import Difference
from tests.comm_service.asking import LEAST, U, V, ask, content, row_of, shown

PHONE = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture(autouse=True)
def _nothing_remembered():
    aside.forget_waiting()
    counter.forget()
    yield
    in_force.forget()
    aside.forget_waiting()
    counter.forget()


@pytest.fixture
def client(legacy, settings) -> Client:
    settings.COMM_SHOW_SIDE = True
    return legacy


@pytest.fixture
def shadowed(client, settings) -> Client:
    settings.COMM_API_SHADOW = True
    return client


def compared() -> dict[str, set[str]]:
    """What was counted of the comparisons, by endpoint."""
    aside.run_waiting()
    found: dict[str, set[str]] = {}
    for row in AnswerCount.objects.filter(way="ninja"):
        found.setdefault(row.endpoint, set()).add(row.kind)
    return found


# Who is moved


def test_a_caller_is_a_user_wherever_the_token_comes_from():
    request = RequestFactory().get("/", headers={"Authorization": f"Bearer {make_token(U, role='student')}"}, **PHONE)
    caller = mover_of(request)
    assert caller.key == f"user:{U}"
    assert caller.groups == {"student"}
    assert "address:192.0.2.7" in caller.names
    (token,) = (name for name in caller.names if name.startswith("token:"))
    assert len(token) == len("token:") + 16


@pytest.mark.parametrize("compat", [True, False])
@pytest.mark.parametrize("authorization", ["", "Bearer nonsense"])
def test_without_an_acceptable_token_the_caller_is_an_address(settings, compat, authorization):
    settings.COMM_COMPAT = compat
    caller = mover_of(RequestFactory().get("/", headers={"Authorization": authorization}, **PHONE))
    assert caller.key == "address:192.0.2.7"


def test_a_share_of_the_callers_is_answered_by_the_new_side_and_always_the_same(client, settings):
    settings.COMM_API, settings.COMM_API_PERCENT = "ninja", 50
    sides = {}
    for last in range(40):
        address = f"192.0.2.{last}"
        answers = {ask(client, "GET", "messages/", REMOTE_ADDR=address)["X-Served-By"] for _ in range(2)}
        (sides[address],) = answers
    assert set(sides.values()) == {"legacy", "ninja"}
    settings.COMM_API_PERCENT = 60
    for address, side in sides.items():
        if side == "ninja":
            assert ask(client, "GET", "messages/", REMOTE_ADDR=address)["X-Served-By"] == "ninja"


@pytest.mark.parametrize("by", ["user", "token", "address"])
def test_a_named_caller_is_answered_by_the_new_side(client, settings, by):
    token = f"Bearer {make_token(U)}"
    known = mover_of(RequestFactory().get("/", headers={"Authorization": token}, **PHONE))
    (name,) = (one for one in known.all_names if one.startswith(f"{by}:"))
    settings.COMM_API, settings.COMM_API_PERCENT, settings.COMM_API_CALLERS = "ninja", 0, [name]
    served = ask(client, "GET", "messages/", HTTP_AUTHORIZATION=token, **PHONE)
    assert served["X-Served-By"] == "ninja"
    other = ask(client, "GET", "messages/", HTTP_AUTHORIZATION=f"Bearer {make_token(V)}", REMOTE_ADDR="192.0.2.8")
    assert other["X-Served-By"] == "legacy"


def test_the_switch_takes_the_new_side_from_everybody(client, settings):
    settings.COMM_API_PERCENT, settings.COMM_API_CALLERS = 100, ["address:127.0.0.1"]
    assert ask(client, "GET", "messages/")["X-Served-By"] == "legacy"


# The shadow


def test_every_kind_of_request_is_answered_the_same_by_both_sides_and_made_once(shadowed):
    message, notification = row_of("messages"), row_of("notifications", status="failed", last_error="no such host")
    row_of("messages", metadata={"b": 1, "aa": ["ñ", None]})
    asked = [
        ("POST", "messages/", {**LEAST["messages"], "subject": " One ", "metadata": {"k": [1.0]}}),
        ("GET", "messages/", None),
        ("GET", "messages.json", None),
        ("GET", "messages/?limit=1", None),
        ("GET", f"messages/sent/{U}/", None),
        ("GET", f"messages/{message.pk}/", None),
        ("POST", f"messages/{message.pk}/mark_read/", None),
        ("PATCH", f"messages/{message.pk}/", {"subject": "Two"}),
        ("PUT", f"messages/{message.pk}/", LEAST["messages"]),
        ("POST", f"notifications/{notification.pk}/retry/", None),
        ("OPTIONS", "email_queue/", None),
        ("POST", "email_queue/", "{"),
        ("DELETE", f"messages/{message.pk}/", None),
        ("DELETE", f"messages/{message.pk}/", None),
        ("GET", "", None),
    ]
    for method, path, body in asked:
        response = ask(shadowed, method, path, body)
        content(response)
        assert response["X-Served-By"] == "legacy"
        aside.run_waiting()
    found = compared()
    assert not list(Difference.objects.values("endpoint", "kind", "path", "old", "new"))
    assert set().union(*found.values()) == {"same"}
    assert set(found) == {
        "POST /comm/api/messages/",
        "GET /comm/api/messages/",
        "GET /comm/api/messages.json",
        "GET /comm/api/messages/sent/{value}/",
        "GET /comm/api/messages/{id}/",
        "POST /comm/api/messages/{id}/mark_read/",
        "PATCH /comm/api/messages/{id}/",
        "PUT /comm/api/messages/{id}/",
        "POST /comm/api/notifications/{id}/retry/",
        "OPTIONS /comm/api/email_queue/",
        "POST /comm/api/email_queue/",
        "DELETE /comm/api/messages/{id}/",
        "GET /comm/api/",
    }
    assert Message.objects.count() == 2  # one was made once, one of two was deleted


def test_a_difference_is_kept_without_what_people_wrote(shadowed, monkeypatch):
    row_of("messages", subject="Between us")

    def differing(view):
        def serve(request, *args, **in_path):
            response = view(request, *args, **in_path)
            body = content(response).replace(b"Between us", b"Between them")
            return HttpResponse(body, status=response.status_code, headers=dict(response.items()))

        return serve

    for path in _paths(ninja_urls.urlpatterns):
        monkeypatch.setattr(path, "callback", differing(path.callback))
    assert shown(ask(shadowed, "GET", "messages/"))[0]["subject"] == "Between us"
    assert compared() == {"GET /comm/api/messages/": {"different"}}
    kept = Difference.objects.get()
    assert (kept.kind, kept.path) == ("field", "[].subject")
    assert "Between" not in f"{kept.old}{kept.new}"


def _paths(patterns):
    for one in patterns:
        if hasattr(one, "url_patterns"):
            yield from _paths(one.url_patterns)
        else:
            yield one


def test_a_failure_of_the_new_side_touches_no_caller(shadowed, monkeypatch):
    def broken(request, *args, **in_path):
        raise KeyError("Ana")

    for path in _paths(ninja_urls.urlpatterns):
        monkeypatch.setattr(path, "callback", broken)
    assert ask(shadowed, "GET", "messages/").status_code == 200
    assert compared() == {"GET /comm/api/messages/": {"shadow_failed"}}


@pytest.mark.parametrize(
    "path",
    [
        "email_queue/pending/",
        "email_queue/pending.json",
        "messages/?page_limit=1",
        "messages/?metadata__contains={}",
        f"documents/{U}/download/",
        "documents/upload/",
    ],
)
def test_what_the_old_side_never_had_is_not_compared(shadowed, path):
    row_of("messages")
    assert ask(shadowed, "GET", path)["X-Served-By"] == "legacy"
    assert compared() == {}


def test_methods_that_callers_made_up_are_counted_as_one(client):
    for method in ("FOO1", "A" * 200):
        assert ask(client, method, "messages/").status_code == 405
    aside.run_waiting()
    assert set(AnswerCount.objects.values_list("endpoint", flat=True)) == {"other /comm/api/messages/"}


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("", ""),
        (".json", ".json"),
        ("messages/Maria Cruz/", "messages/{id}/"),
        ("notifications/by_status/Maria Cruz/", "notifications/by_status/{value}/"),
        ("email_queue/by_status/Maria.json", "email_queue/by_status/{value}.json"),
        ("messages/Maria/Cruz/", "messages/{id}/"),
        ("Maria/Cruz/", "…/"),
    ],
)
def test_what_callers_put_into_an_address_is_not_counted_with_it(path, endpoint):
    request = RequestFactory().get("/")
    request.path_info = f"/comm/api/{path}"
    assert moves.get(CommApi.name).endpoint(request) == f"GET /comm/api/{endpoint}"
