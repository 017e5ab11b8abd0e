"""How often live updates may be asked for: who pays, who gets it back, and what that costs the database."""

import asyncio

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse

from realtime.access.credentials import SESSION, Credential
from realtime.delivery import hub as hub_module
from realtime.delivery.hub import Hub, TooManyOfOne
from realtime.delivery.subscriber import Subscriber, Subscription
from realtime.transports import rate_limits as module
from realtime.transports.rate_limits import RateLimits, limited, limited_handshakes
from tests.support.people import person, session_cookie


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def few(monkeypatch) -> RateLimits:
    """Two at once for each person, three for each address, and a clock that stands still."""
    made = RateLimits(2, 3, now=Clock())
    monkeypatch.setattr(module, "limits", made)
    return made


def waits(few: RateLimits, session: str, address: str = "1.2.3.4") -> bool:
    return few.enter(session, address).wait > 0


# --- who pays ---------------------------------------------------------------------------------------------------


def test_made_up_sessions_share_what_their_address_has(few):
    assert [waits(few, f"made up {number}") for number in range(5)] == [False, False, False, True, True]
    assert not waits(few, "made up", "5.6.7.8")


def test_sessions_that_turn_out_to_be_somebodys_cost_their_address_nothing(few):
    for number in range(100):
        entry = few.enter(f"session {number}", "1.2.3.4")
        assert not entry.wait
        entry.belongs_to(number)
        entry.belongs_to(number)
    assert not waits(few, "one more")


def test_a_thousand_browsers_that_return_at_once_from_one_address_are_let_in():
    """By the default settings, while all of them wait for the database."""
    limits = RateLimits(200, 2000)
    entries = [limits.enter(f"session {number}", "1.2.3.4") for number in range(1_000)]
    assert not any(entry.wait for entry in entries)


def test_who_is_known_pays_for_all_their_sessions_together_and_not_for_an_address(few):
    for session in ("one", "two"):
        few.enter(session, "1.2.3.4").belongs_to(7)
    for number in range(9):
        few.enter(f"made up {number}", "1.2.3.4")
    assert [waits(few, session) for session in ("one", "two", "one")] == [False, False, True]


def test_what_nobody_could_look_up_is_held_against_nobody(few):
    for number in range(9):
        few.enter(f"session {number}", "1.2.3.4").refund()
    assert not waits(few, "session")


def test_those_who_are_refused_together_return_apart(few):
    for number in range(3):
        few.enter(f"made up {number}", "1.2.3.4")
    found = {few.enter("made up", "1.2.3.4").wait for _ in range(60)}
    assert len(found) > 2
    assert min(found) > 1


def test_any_number_of_sessions_and_addresses_takes_bounded_memory(few, monkeypatch):
    monkeypatch.setattr(module, "KEYS", 50)
    for number in range(500):
        few.enter(f"session {number}", "1.2.3.4").belongs_to(number)
    assert len(few._known) == 50


# --- over HTTP --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["realtime_status", "realtime_poll", "stream_events", "stream_notifications"])
def test_a_request_without_a_session_costs_no_query(name, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get(reverse(name)).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["realtime_status", "realtime_poll", "stream_events"])
def test_a_made_up_session_costs_one_query_and_then_none(few, name, django_assert_num_queries):
    def ask(number: int) -> int:
        browser = Client()
        browser.cookies[django_settings.SESSION_COOKIE_NAME] = f"{number:032}"
        return browser.get(reverse(name)).status_code

    with django_assert_num_queries(3):
        assert [ask(number) for number in range(3)] == [401] * 3
    with django_assert_num_queries(0):
        assert [ask(number) for number in range(3)] == [429] * 3


@pytest.mark.django_db
def test_a_refusal_is_json_and_says_when_to_return(few):
    browser = Client(headers={"cookie": session_cookie(person())})
    answers = [browser.get(reverse("realtime_status")) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json() == {"type": "error", "message": "Too often; please wait."}
    assert 2 <= int(answers[-1]["Retry-After"]) <= 20


def test_a_database_that_is_away_is_held_against_nobody(few):
    class Away(AnonymousUser):
        @property
        def is_authenticated(self):
            raise OperationalError("away")

    request = RequestFactory().get("/")
    request.COOKIES[django_settings.SESSION_COOKIE_NAME] = "x" * 32
    request.user = Away()
    for _ in range(9):
        with pytest.raises(OperationalError):
            limited(lambda request: None)(request)


# --- handshakes -------------------------------------------------------------------------------------------------


def shake(cookies: dict[str, str], application=None, **scope) -> list[dict]:
    """What a handshake is answered."""
    said: list[dict] = []

    async def send(message):
        said.append(message)

    async def accepting(scope, receive, send):
        await send({"type": "websocket.accept"})

    scope = {"type": "websocket", "cookies": cookies, "headers": [], "client": ("1.2.3.4", 1), **scope}
    asyncio.run(limited_handshakes(application or accepting)(scope, None, send))
    return said


def test_a_handshake_without_a_session_is_refused_at_once(few):
    assert shake({}) == [{"type": "websocket.close"}]


def test_a_handshake_too_many_is_429_where_the_server_can_say_so(few):
    cookies = {django_settings.SESSION_COOKIE_NAME: "x" * 32}
    for _ in range(3):
        assert shake(cookies) == [{"type": "websocket.accept"}]
    assert shake(cookies) == [{"type": "websocket.close"}]
    start, body = shake(cookies, extensions={"websocket.http.response": {}})
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 429)
    assert int(dict(start["headers"])[b"retry-after"]) >= 2
    assert body == {"type": "websocket.http.response.body", "body": b""}


def test_a_handshake_that_fails_for_a_fault_is_held_against_nobody(few):
    async def faulty(scope, receive, send):
        raise OperationalError("away")

    for _ in range(9):
        with pytest.raises(OperationalError):
            shake({django_settings.SESSION_COOKIE_NAME: "x" * 32}, faulty)


# --- how many one person may have open --------------------------------------------------------------------------


@pytest.mark.django_db
def test_one_person_has_so_many_open_and_others_are_not_concerned(settings, monkeypatch):
    settings.STREAMS_PER_PERSON = 2
    monkeypatch.setattr(hub_module.threading.Thread, "start", lambda self: None)
    hub, ana, jose = Hub(), person(), person()

    def attach(user) -> int:
        return hub.attach(Subscriber(user.pk, Credential(SESSION, ""), Subscription(frozenset()), 0))

    first, _ = attach(ana), attach(ana)
    with pytest.raises(TooManyOfOne):
        attach(ana)
    attach(jose)
    hub.detach(first)
    attach(ana)
