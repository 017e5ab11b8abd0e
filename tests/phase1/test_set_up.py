"""Channels is set up and nothing uses it: with the switches off, the site is the one that it was."""

import re
import time

import pytest
from django.conf import settings

from projeng import inbox
from projeng.access import Role
from realtime.channel_layer.broadcast import broadcast
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.redis import Redis
from tests.support.site import ROOT, Site
from tests.support.sse import Stream


@pytest.fixture(scope="module")
def idle_redis():
    server = Redis()
    yield server
    server.stop()


@pytest.mark.parametrize("server", ["gunicorn", "daphne"])
def test_with_the_switch_off_nobody_speaks_with_redis_and_streams_work(
    new_database, on_database, static_root, scratch, idle_redis, server
):
    url = new_database("sqlite")
    on_database(url)
    user = person(Role.HEAD)
    with Site(scratch, url, server, REDIS_URL=idle_redis.url, WEB_CONCURRENCY="2", STATIC_ROOT=static_root) as site:
        with Stream(f"{site.url}/projeng/api/realtime/events/", session_cookie(user)) as stream:
            inbox.send([user], "Hello")
            stream.wait_for(lambda frame: frame.get("message") == "Hello")
            time.sleep(1)  # if it were to connect, it would have by now
            assert idle_redis.clients() == []
        assert http.get(f"{site.url}/health/").text == "OK"


def test_an_address_of_redis_that_leads_nowhere_changes_nothing(new_database, on_database, static_root, scratch):
    url = new_database("sqlite")
    on_database(url)
    user = person(Role.HEAD)
    with (
        Site(scratch, url, REDIS_URL="redis://127.0.0.1:1/0", STATIC_ROOT=static_root) as site,
        Stream(f"{site.url}/projeng/api/realtime/notifications/", session_cookie(user)) as stream,
    ):
        inbox.send([user], "Hello")
        stream.wait_for(lambda frame: frame.get("message") == "Hello")
        assert "channel layer" not in site.log.read_text()


def test_a_committed_event_starts_no_thread_of_the_layer(new_database, on_database):
    on_database(new_database("sqlite"))
    inbox.send([person(Role.HEAD)], "Hello")
    assert broadcast.layer._sending.loop is broadcast.layer._receiving.loop is None
    assert broadcast.layer.sent == broadcast.layer.failed == 0


def test_the_switches_are_off_unless_somebody_turns_them_on():
    assert settings.USE_DAPHNE is False
    assert settings.WEBSOCKET_BROADCAST is False
    assert settings.REDIS_URL == ""


def test_the_drivers_major_version_is_held_back_with_its_reason():
    """redis 8 ends idle sockets after 5 s under channels-redis 4.3 (channels_redis#422)."""
    [line] = [line for line in (ROOT / "requirements.in").read_text().splitlines() if line.startswith("redis")]
    assert re.match(r"redis<8\s+# .*channels_redis#422", line)
    pins = dict(re.findall(r"^([a-z-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert int(pins["redis"].split(".")[0]) == 7
    assert {"channels", "channels-redis", "daphne"} <= pins.keys()
