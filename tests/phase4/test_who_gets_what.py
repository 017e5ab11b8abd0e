"""Who is told to use which transport, and how fast a change of that reaches whoever is connected."""

import re
import time

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from projeng import inbox
from projeng.access import Role
from realtime.log import replay
from switchover.transport import transport
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.site import Site
from tests.support.sse import Stream
from tests.support.websocket import Socket

MOVE_SECONDS = 5.0  # how soon connected browsers must have been told


@pytest.fixture(scope="module")
def flagged(new_database, static_root, tmp_path_factory):
    """``flagged(...)``: Daphne on PostgreSQL with these flags; a site for each set of them."""
    running: dict[tuple, Site] = {}

    def start(**flags: str) -> Site:
        key = tuple(sorted(flags.items()))
        if key not in running:
            folder = tmp_path_factory.mktemp("flagged")
            url = new_database("postgres")
            running[key] = Site(folder, url, "daphne", STATIC_ROOT=static_root, **flags).start()
        return running[key]

    yield start
    for site in running.values():
        site.stop()


@pytest.fixture
def everybody(flagged, on_database):
    site = flagged(USE_WEBSOCKETS="true", WEBSOCKET_BROADCAST="true")
    on_database(site.database_url)
    return site


def _page(site: Site, cookie: str) -> dict[str, str]:
    headers = {"Cookie": cookie, "Accept": "text/html"}
    html = http.get(f"{site.url}/accounts/profile/", headers=headers, timeout=20).text
    return dict(re.findall(r'data-([\w-]+)="([^"]*)"', html.split("<head>")[0]))


def _status(site: Site, cookie: str) -> dict:
    return http.get(f"{site.url}/projeng/api/realtime/status/", headers={"Cookie": cookie}, timeout=20).json()


def _stream(site: Site, cookie: str) -> Stream:
    return Stream(f"{site.url}/projeng/api/realtime/events/", cookie)


def _socket(site: Site, cookie: str) -> Socket:
    return Socket(f"{site.url}/ws/events/", cookie)


def test_a_page_and_its_status_say_which_transport_and_why(everybody):
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    page, status = _page(everybody, cookie), _status(everybody, cookie)
    assert page["transport"] == status["transport"] == "websocket"
    assert page["transport-reason"] == status["reason"] == f"share {transport.share(user.pk):.2f} is within 100 %"
    assert page["socket-url"] == "/ws/events/"
    assert {"status", "user", "timestamp"} <= status.keys()
    assert status["status"] == "connected"


def test_without_the_flag_everybody_keeps_sse(sites, on_database):
    site = sites("daphne", "postgres")
    on_database(site.database_url)
    cookie = session_cookie(person(Role.HEAD))
    assert _status(site, cookie)["transport"] == _page(site, cookie)["transport"] == "sse"
    assert _status(site, cookie)["reason"] == "USE_WEBSOCKETS is false"


def test_a_share_of_the_users_gets_it_the_same_ones_each_time(flagged, on_database):
    site = flagged(USE_WEBSOCKETS="true", WEBSOCKET_ROLLOUT_PERCENT="50")
    on_database(site.database_url)
    users = [person(Role.HEAD) for _ in range(12)]
    told = {user.pk: _status(site, session_cookie(user))["transport"] for user in users}
    assert told == {user.pk: "websocket" if transport.share(user.pk) < 50 else "sse" for user in users}


def test_a_group_gets_it_and_joining_or_leaving_moves_the_connected(flagged, on_database):
    site = flagged(USE_WEBSOCKETS="true", WEBSOCKET_ROLLOUT_GROUPS="Pioneers")
    on_database(site.database_url)
    user = person(Role.HEAD)
    group = Group.objects.create(name="Pioneers")
    with _stream(site, session_cookie(user)) as stream:
        assert stream.of_type("transport")["transport"] == "sse"
        user.groups.add(group)
        assert stream.of_type("transport", MOVE_SECONDS)["transport"] == "websocket"
        user.groups.remove(group)
        assert stream.of_type("transport", MOVE_SECONDS)["transport"] == "sse"


@pytest.mark.parametrize("scope", ["user", "group", "all"])
def test_what_is_taken_away_reaches_the_connected_on_both_transports_and_comes_back(everybody, scope):
    """The operator's command on one side, the browsers' connections on the other; nothing is lost meanwhile."""
    user, other = person(Role.HEAD), person(Role.FINANCE)
    scopes = {"user": ["--user", user.username], "group": ["--group", Role.HEAD.value], "all": ["--all"]}
    with (
        _stream(everybody, session_cookie(user)) as stream,
        _socket(everybody, session_cookie(user)) as socket,
        _stream(everybody, session_cookie(other)) as others,
    ):
        for one in (stream, socket, others):
            assert one.of_type("transport")["transport"] == "websocket"
        began = time.monotonic()
        call_command("transport", "sse", *scopes[scope], "--reason", "a trial", verbosity=0)
        for one in (stream, socket):
            frame = one.of_type("transport", MOVE_SECONDS)
            assert frame["transport"] == "sse"
            assert "a trial" in frame["reason"]
        assert time.monotonic() - began < MOVE_SECONDS
        if scope == "all":
            assert others.of_type("transport", MOVE_SECONDS)["transport"] == "sse"
        assert _page(everybody, session_cookie(user))["transport"] == "sse"
        inbox.send([user, other], "Meanwhile")
        for one in (stream, socket, others):
            assert one.of_type("notification")["unread_count"] in {0, 1}
        call_command("transport", "restore", *scopes[scope], verbosity=0)
        for one in (stream, socket):
            assert one.of_type("transport", MOVE_SECONDS)["transport"] == "websocket"
        if scope == "all":
            assert others.of_type("transport", MOVE_SECONDS)["transport"] == "websocket"
        else:  # who was not meant heard nothing of it
            others.wait_for_cursor(replay.head())
            assert len([frame for frame in others.frames if frame["type"] == "transport"]) == 1


def test_in_shadow_the_cohort_is_told_to_run_both(flagged, on_database):
    site = flagged(USE_WEBSOCKETS="true", WEBSOCKET_SHADOW="true")
    on_database(site.database_url)
    assert _status(site, session_cookie(person(Role.HEAD)))["transport"] == "shadow"


def test_without_the_flag_only_staff_shadow(flagged, on_database):
    site = flagged(WEBSOCKET_SHADOW="true")
    on_database(site.database_url)
    assert _status(site, session_cookie(person(Role.HEAD, is_staff=True)))["transport"] == "shadow"
    assert _status(site, session_cookie(person(Role.HEAD)))["transport"] == "sse"


def test_somebody_else_in_the_same_browser_gets_nothing_into_the_first_ones_page(everybody):
    first, second = person(Role.HEAD), person(Role.HEAD)
    cookie = session_cookie(second)
    address = f"/projeng/api/realtime/events/?user={first.pk}"
    answer = http.get(everybody.url + address, headers={"Cookie": cookie}, timeout=20)
    assert (answer.status_code, answer.json()["message"]) == (409, "Somebody else is signed in.")
    with Socket(f"{everybody.url}/ws/events/?user={first.pk}", cookie) as socket:
        assert socket.ended.wait(10)
        assert socket.code == 4409
        assert socket.frames == []
