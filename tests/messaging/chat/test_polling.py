"""The chat's long polling: what an answer holds, where the next poll goes on, and the contract's fault 46."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from messaging.chat.models import PollPosition
from tests.messaging.chat.conftest import CHAT
from tests.support.ports import wait_until

pytestmark = pytest.mark.usefixtures("live_chat")


def poll(key: str, **query: str) -> dict:
    response = Client().get(f"{CHAT}poll/events/", {"token": key, **query})
    assert response.status_code == 200, response.content
    return json.loads(b"".join(response.streaming_content))


def told(key: str, **query: str) -> dict:
    """A poll for which there is something: it is answered then, however busy the machine."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("messaging.chat.polling.HOLD_SECONDS", 30)
        return poll(key, **query)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr("messaging.chat.polling.HOLD_SECONDS", 0.3)


def test_a_poll_waits_and_returns_empty_handed(as_ana, short):
    said = poll(as_ana.key)
    assert said["events"] == []
    assert abs(said["timestamp"] - time.time()) < 5


def test_a_poll_gets_what_happened_since_the_last_one(as_ana, as_ben, ben, short):
    poll(as_ben.key)
    sent = as_ana.send(ben)
    [event] = told(as_ben.key)["events"]
    assert set(event) == {"event", "data", "timestamp"}
    assert (event["event"], event["data"]["id"]) == ("message", sent["id"])
    assert poll(as_ben.key)["events"] == []


def test_fault_46_what_a_response_lost_is_had_again_with_its_cursor(as_ana, as_ben, ben, short):
    before = poll(as_ben.key)["cursor"]
    as_ana.send(ben)
    first = told(as_ben.key, cursor=str(before))
    again = told(as_ben.key, cursor=str(before))
    assert [one["event"] for one in first["events"]] == ["message"]
    assert again["events"][0] == first["events"][0]
    assert poll(as_ben.key, cursor=str(again["cursor"]))["events"] == []


def test_fault_46_two_tabs_do_not_take_events_from_each_other(as_ana, as_ben, ben, short, monkeypatch):
    def poll_and_close() -> list[dict]:
        try:
            return poll(as_ben.key)["events"]
        finally:
            connection.close()

    monkeypatch.setattr("messaging.chat.polling.HOLD_SECONDS", 5.5)
    with ThreadPoolExecutor(2) as tabs:
        waiting = [tabs.submit(poll_and_close) for _ in range(2)]
        wait_until(lambda: PollPosition.objects.count() == 2, "both poll", 5)
        as_ana.send(ben)
        assert [[one["event"] for one in tab.result(10)] for tab in waiting] == [["message"]] * 2


def test_fault_46_two_tabs_with_names_each_get_everything_once_whoever_polls_first(as_ana, as_ben, ben, short):
    for name in ("one", "two"):
        poll(as_ben.key, client=name)
    sent = as_ana.send(ben)["id"]
    assert [one["data"]["id"] for one in told(as_ben.key, client="one")["events"]] == [sent]
    assert poll(as_ben.key, client="one")["events"] == []
    assert [one["data"]["id"] for one in told(as_ben.key, client="two")["events"]] == [sent]


@pytest.mark.parametrize("name", ["x" * 65, "a\0b", "a\n"])
def test_a_poll_with_another_kind_of_name_is_refused(as_ben, name):
    for method, address in (("get", "events"), ("post", "disconnect")):
        answer = getattr(Client(), method)(f"{CHAT}poll/{address}/?" + urlencode({"token": as_ben.key, "client": name}))
        assert (answer.status_code, answer.json()["events"]) == (400, [])


def test_fault_46_a_poll_that_was_broken_off_takes_nothing_along_under_wsgi(as_ana, as_ben, ben, short):
    poll(as_ben.key)
    sent = as_ana.send(ben)
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        gone = Client().get(f"{CHAT}poll/events/", {"token": as_ben.key}, **{"gunicorn.socket": ours})
        assert b"".join(gone.streaming_content) == b""
    assert [one["data"]["id"] for one in told(as_ben.key)["events"]] == [sent["id"]]


def test_polling_refuses_in_its_own_form(settings, as_ana):
    response = Client().get(f"{CHAT}poll/events/", {"token": "invented"})
    assert (response.status_code, response.json()) == (401, {"error": "Unauthorized", "events": []})
    settings.SSE_MAX_STREAMS = 0
    response = Client().get(f"{CHAT}poll/events/", {"token": as_ana.key})
    assert response.status_code == 503
    assert response.json()["error"].endswith("not available")
    assert response.json()["events"] == []


def test_a_poll_that_is_refused_loses_nothing(as_ana, as_ben, ben, short, settings):
    poll(as_ben.key)
    room = settings.SSE_MAX_STREAMS
    settings.SSE_MAX_STREAMS = 0
    assert Client().get(f"{CHAT}poll/events/", {"token": as_ben.key}).status_code == 503
    sent = as_ana.send(ben)
    settings.SSE_MAX_STREAMS = room
    assert [one["data"]["id"] for one in told(as_ben.key)["events"]] == [sent["id"]]
    assert PollPosition.objects.count() == 1, "the position was free again"


def test_polling_can_be_tried_and_ended(as_ana, ana):
    said = Client().get(f"{CHAT}poll/test/").json()
    assert (said["status"], said["message"]) == ("ok", "Long polling is working")
    response = Client(enforce_csrf_checks=True).post(f"{CHAT}poll/disconnect/?token={as_ana.key}")
    assert response.json() == {"status": "disconnected", "user_id": ana.pk}
    browser = Client()
    browser.force_login(ana)
    assert browser.post(f"{CHAT}poll/disconnect/").status_code == 403, "which a foreign page could ask for"
