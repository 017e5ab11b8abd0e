"""Whatever the compared way does, the caller's session, user, messages and answer are the caller's alone."""

import pytest
from django.contrib import messages
from django.contrib.auth import get_user_model, login, logout
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.http import Http404, JsonResponse
from django.urls import path

from switchover import moves
from switchover.aside import aside
from switchover.callers import Caller
from switchover.demotions import in_force
from switchover.demotions.stored import StoredDemotions
from switchover.evidence.counting import counter
from switchover.evidence.models import AnswerCount
from switchover.serving import serve

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
VIEWS = {}


def greet(request, name):
    return serve(moves.get("greeting"), request, Caller("ana"), VIEWS)[0]


def refused(request, exception):
    return JsonResponse({"detail": "refused"}, status=404 if isinstance(exception, Http404) else 403)


urlpatterns = [path("greet/<str:name>/", greet)]
handler403 = handler404 = refused


def impatient(get_response):
    """Middleware that does at once whatever waits, before the answer goes on."""

    def middleware(request):
        response = get_response(request)
        aside.run_waiting()
        return response

    return middleware


@pytest.fixture
def user(client):
    user = get_user_model().objects.create_user("ana", password="x")
    client.force_login(user)
    return user


@pytest.fixture
def asked(move, client, settings):
    """``asked(old, new, method)``: the answer to a caller who is compared, and the kinds that were counted."""
    settings.GREETING_SHADOW = True
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.impatient"]
    settings.SECURE_SSL_REDIRECT = False
    client.raise_request_exception = False

    def ask(old, new, method="GET", name="ana"):
        VIEWS.update(morning=old, evening=new)
        response = client.generic(method, f"/greet/{name}/", content_type="application/json")
        aside.run_waiting()
        return response

    return ask


def kinds(way="evening"):
    return {row.kind: row.count for row in AnswerCount.objects.filter(way=way)}


def good(request):
    return JsonResponse({"good": "morning"})


def whoever(request):
    return JsonResponse({"user": request.user.username, "seen": request.session.get("seen")})


def signing_out(request):
    logout(request)
    return good(request)


def signing_in(request):
    login(request, get_user_model().objects.create_user("ben"), backend="django.contrib.auth.backends.ModelBackend")
    return good(request)


def writing(request):
    request.session["leaked"] = "by the compared way"
    request.session.save()
    return good(request)


def telling(request):
    messages.error(request, "from the compared way")
    return good(request)


def renaming(request):
    request.user.username = "Nobody"
    return good(request)


@pytest.mark.parametrize("new", [signing_out, signing_in, writing, telling, renaming])
@pytest.mark.parametrize("engine", ["db", "cache"])
def test_nothing_that_the_compared_way_does_to_its_request_reaches_the_caller(asked, client, settings, new, engine):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    user = get_user_model().objects.create_user("ana", password="x")
    client.force_login(user)
    before = dict(client.session)
    response = asked(good, new)
    assert not response.cookies
    assert dict(client.session) == before
    assert asked(whoever, new).json() == {"user": "ana", "seen": None}
    assert kinds()["same"] == 1


@pytest.mark.usefixtures("user")
def test_the_compared_way_knows_the_caller_and_what_the_session_held(asked, client):
    session = client.session
    session["seen"] = {"a": 1}
    session.save()
    assert asked(whoever, whoever).json() == {"user": "ana", "seen": {"a": 1}}
    assert kinds() == {"same": 1}


@pytest.mark.parametrize("error", [Http404, PermissionDenied, BadRequest, SuspiciousOperation])
def test_what_django_answers_is_served_and_compared(asked, error):
    def refusing(request):
        raise error("no such greeting")

    assert asked(refusing, refusing).status_code < 500
    assert kinds("morning") == {"served": 1}
    assert kinds() == {"same": 1}
    asked(refusing, good)
    assert kinds()["different"] == 1


def test_a_failure_of_the_old_way_is_counted_as_not_compared(asked):
    def failing(request):
        raise KeyError("x")

    assert asked(failing, good).status_code == 500
    assert kinds("morning") == {"failed": 1}
    assert kinds() == {"skipped": 1}


@pytest.mark.parametrize("what", ["remember", "put_back", "endpoint"])
def test_a_fault_of_the_move_itself_touches_no_caller(asked, move, monkeypatch, what):
    def failing(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(type(move), "remember", lambda self, request: 1, raising=False)
    monkeypatch.setattr(type(move), "put_back", lambda self, remembered: None, raising=False)
    monkeypatch.setattr(type(move), what, failing, raising=False)
    assert asked(good, good, "POST").status_code == 200
    assert kinds() == {"same" if what == "endpoint" else "skipped": 1}
    if what == "endpoint":
        assert set(AnswerCount.objects.values_list("endpoint", flat=True)) == {"POST other"}


def test_demotions_that_cannot_be_read_touch_no_caller(asked, move, settings, monkeypatch):
    def away(self):
        raise OperationalError("away")

    settings.GREETING, settings.GREETING_SHADOW = "evening", False
    with monkeypatch.context() as patched:
        patched.setattr(StoredDemotions, "taken", away)
        assert asked(good, good).status_code == 200
    assert kinds("morning") == {"served": 1}  # nobody knows of the demotions, so the old way
    in_force.forget()
    asked(good, good)
    assert kinds() == {"served": 1}
    monkeypatch.setattr(in_force, "SECONDS", 0)
    monkeypatch.setattr(StoredDemotions, "taken", away)
    asked(good, good)
    assert kinds() == {"served": 2}  # the last ones that were read count


def test_what_fails_in_the_move_itself_is_logged_without_what_people_wrote(asked, move, monkeypatch, caplog):
    def failing(self, remembered):
        raise IntegrityError("DETAIL: Key (username)=(ana.meier@example.org) already exists.")

    monkeypatch.setattr(type(move), "remember", lambda self, request: 1, raising=False)
    monkeypatch.setattr(type(move), "put_back", failing, raising=False)
    asked(good, good, "POST")
    assert "IntegrityError" in caplog.text
    assert "ana.meier" not in caplog.text


def test_a_demotion_ends_the_comparisons_that_wait(asked, move):
    seen = []

    def noting(request):
        seen.append(1)
        return good(request)

    def demoting(request):
        move.demotions.demote("all", "", reason="stop", by="ops")
        return good(request)

    asked(demoting, noting)
    assert not seen
    assert kinds() == {"skipped": 1}


def test_a_request_is_counted_under_its_route(asked):
    asked(good, good, name="ana.meier@example.org")
    counter.flush()
    assert set(AnswerCount.objects.values_list("endpoint", flat=True)) == {"GET /greet/<str:name>/"}
