"""People's word: is this page live for you?"""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from projeng.access import Role
from realtime.parity.models import Feedback
from tests.support.people import person

ADDRESS = "/live/word/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def engineer():
    return person(Role.ENGINEER)


def _client(user=None, accept: str = "application/json", **options) -> Client:
    client = Client(headers={"accept": accept}, **options)
    if user:
        client.force_login(user)
    return client


def _plain(user=None) -> Client:
    return _client(user, "text/html")


def test_the_question_is_on_every_page_of_who_is_signed_in(engineer):
    for address in ("/accounts/profile/", "/projeng/projects/", "/projeng/notifications/", "/nothing/here/"):
        html = _plain(engineer).get(address).content.decode()
        assert "Is this page live for you?" in html
        assert f'name="page" value="{address}"' in html
    assert "Is this page live for you?" not in _plain().get("/accounts/login/").content.decode()


def test_a_word_is_kept_with_transport_phase_and_page(engineer, settings):
    said = {"live": "no", "comment": "Nothing\r\nmoves", "transport": "poll", "page": "/dashboard/"}
    answer = _client(engineer).post(ADDRESS, said)
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    [kept] = Feedback.objects.all()
    assert (kept.user, kept.live, kept.comment) == (engineer, False, "Nothing\nmoves")
    assert (kept.transport, kept.phase, kept.page) == ("poll", "phase 0", "/dashboard/")


def test_between_phases_is_a_phase_too(engineer, settings):
    settings.SWITCHES = settings.SWITCHES | {"WEBSOCKET_BROADCAST": {"value": True, "source": "environment"}}
    _client(engineer).post(ADDRESS, {"live": "yes"})
    assert Feedback.objects.get().phase == "between phases"


def test_who_does_not_say_the_transport_has_the_one_that_they_are_told(engineer, settings):
    settings.USE_WEBSOCKETS, settings.WEBSOCKET_ROLLOUT_PERCENT = True, 100
    _client(engineer).post(ADDRESS, {"live": "yes"})
    assert Feedback.objects.get().transport == "websocket"


def test_a_plain_form_leads_back_to_its_page_with_thanks(engineer):
    answer = _plain(engineer).post(ADDRESS, {"live": "yes", "page": "/projeng/projects/"})
    assert (answer.status_code, answer["Location"]) == (302, "/projeng/projects/")
    assert [message.level_tag for message in get_messages(answer.wsgi_request)] == ["success"]
    assert Feedback.objects.get().live is True


def test_one_word_a_minute(engineer):
    client = _client(engineer)
    client.post(ADDRESS, {"live": "yes"})
    answer = client.post(ADDRESS, {"live": "no"})
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert "Thank you" in answer.json()["error"]
    again = _plain(engineer).post(ADDRESS, {"live": "no", "page": "/accounts/profile/"})
    assert [message.level_tag for message in get_messages(again.wsgi_request)] == ["info"]
    assert Feedback.objects.count() == 1
    assert _client(person(None)).post(ADDRESS, {"live": "no"}).status_code == 200
    Feedback.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert client.post(ADDRESS, {"live": "no"}).status_code == 200


def test_five_hundred_characters_with_ends_of_lines_fit(engineer):
    comment = "\r\n".join(["x" * 9] * 50) + "y"  # 500 as browsers count
    assert _client(engineer).post(ADDRESS, {"live": "no", "comment": comment}).status_code == 200
    assert len(Feedback.objects.get().comment) == 500


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"live": ""},
        {"live": "perhaps"},
        {"live": "no", "comment": "x" * 501},
        {"live": "no", "comment": "a\0b"},
        {"live": "no", "transport": "pigeon"},
        {"live": "no", "transport": "sse\0"},
        {"live": "no", "page": "/" + "x" * 5000},
    ],
)
def test_what_makes_no_sense_is_refused(engineer, said):
    answer = _client(engineer).post(ADDRESS, said)
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    "page", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nX-Y: z"]
)
def test_nobody_is_led_away(engineer, page):
    answer = _plain(engineer).post(ADDRESS, {"live": "yes", "page": page})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_long_address_is_cut(engineer):
    _client(engineer).post(ADDRESS, {"live": "yes", "page": "/" + "x" * 900})
    assert len(Feedback.objects.get().page) == 200


def test_who_is_not_signed_in_is_not_heard():
    assert _client().post(ADDRESS, {"live": "yes"}).status_code == 401
    answer = _plain().post(ADDRESS, {"live": "yes", "page": "/projeng/projects/"})
    assert answer["Location"] == "/accounts/login/?next=/projeng/projects/"
    assert not Feedback.objects.exists()


def test_not_without_the_token_of_the_page(engineer):
    assert _client(engineer, enforce_csrf_checks=True).post(ADDRESS, {"live": "yes"}).status_code == 403


def test_only_by_post(engineer):
    assert _client(engineer).get(ADDRESS, {"live": "yes"}).status_code == 405
    assert not Feedback.objects.exists()


def test_a_word_that_was_said_by_a_clock_that_was_ahead_does_not_silence_anybody(engineer):
    client = _client(engineer)
    said = {"live": "yes"}
    with time_machine.travel(timedelta(hours=1)):
        assert client.post(ADDRESS, said).status_code == 200
    assert client.post(ADDRESS, said).status_code == 200
    assert client.post(ADDRESS, said).status_code == 429
