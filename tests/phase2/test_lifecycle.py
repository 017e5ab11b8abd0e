"""Sockets come and go with clients and servers; what they hold is bounded and given back."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from projeng import inbox
from projeng.access import Role
from realtime.log import replay
from tests.phase0.test_lifecycle import fill_the_log, memory_of
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.site import Site
from tests.support.websocket import DeafSocket, Socket


@pytest.fixture
def start(new_database, on_database, static_root, scratch):
    """``start(…)``: a Daphne of the test's own, through start.sh, and a function that opens sockets on it."""
    with ExitStack() as stack:

        def begin(database: str = "sqlite", **environment: str):
            url = new_database(database)
            on_database(url)
            site = stack.enter_context(Site(scratch, url, "daphne", STATIC_ROOT=static_root, **environment))

            def open_socket(address: str, cookie: str, **options) -> Socket:
                one = Socket(f"{site.url}/ws/{address}", cookie, **options)
                stack.callback(one.close)
                return one

            return site, open_socket

        yield begin


# --- stopping ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_stop_says_1012_and_whoever_resumes_has_missed_nothing(start, database):
    site, opens = start(database)
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    sockets = [opens("notifications/", cookie, joined=bool(number % 2)) for number in range(50)]
    inbox.send([user], "before")
    for socket in sockets:
        socket.saying("before")
    begun = time.monotonic()
    assert site.terminate() == 0
    assert time.monotonic() - begun < 6
    assert {socket.closed_with(2) for socket in sockets} == {1012}
    inbox.send([user], "while down")
    site.start()
    for socket in sockets[:6]:
        back = opens(f"notifications/?last_event_id={socket.cursor}", cookie)
        back.saying("while down")
        assert [frame["message"] for frame in back.frames if "message" in frame] == ["while down"]
    assert "Traceback" not in site.log.read_text()


def test_a_stop_in_the_middle_of_a_burst_loses_nothing_either(start):
    site, opens = start()
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    begin = replay.head()
    sockets = [opens(f"events/?topics=notifications&last_event_id={begin}", cookie) for _ in range(10)]
    fill_the_log(user, events=3_000, size=200)
    site.process.terminate()
    fill_the_log(user, events=500, size=200)
    site.process.wait(12)
    site.start()
    last = replay.head()
    for socket in sockets:
        socket.closed_with(3)
        back = opens(f"events/?topics=notifications&last_event_id={socket.cursor or begin}", cookie)
        back.wait_for_cursor(last, 20)
        got = [frame["id"] for frame in socket.events + back.events]
        assert len(got) == len(set(got)) == 3_500
        assert got == sorted(got)


def test_a_socket_that_vanishes_gives_its_place_back(start):
    site, opens = start(WEBSOCKET_MAX_SOCKETS="40")
    cookie = session_cookie(person(Role.HEAD))
    for _ in range(5):
        many = [opens("events/", cookie) for _ in range(40)]
        for number, socket in enumerate(many):
            if number % 2:
                socket.vanish()
            else:
                socket.close()
        wait_until(lambda: not _somebody_connected(site), "all are gone", 5)


def _somebody_connected(site: Site) -> bool:
    """Whether somebody is still connected, as far as the system knows."""
    with open("/proc/net/tcp") as table:
        port = f":{site.port:04X}"
        return any(line.split()[1].endswith(port) and line.split()[3] == "01" for line in table.readlines()[1:])


# --- those who do not read --------------------------------------------------------------------------------------


@pytest.mark.alone
@pytest.mark.timeout(150)
def test_a_client_that_never_reads_costs_little_and_is_let_go(start):
    """20,000 events of 2 KB are 40 MB for each; 20 such clients would be 800 MB."""
    site, opens = start()
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    reader = opens("notifications/", cookie)
    fill_the_log(user, events=4_000, size=2_000)  # what is kept at hand is bounded: fill it first
    reader.wait_for_cursor(replay.head(), 30)
    before = most = memory_of(site)
    with ExitStack() as stack:
        deaf = [stack.enter_context(DeafSocket(f"{site.url}/ws/notifications/?", cookie)) for _ in range(20)]
        for _ in range(5):
            fill_the_log(user, events=4_000, size=2_000)
            reader.wait_for_cursor(replay.head(), 30)
            most = max(most, memory_of(site))
        print(f"{before / 2**20:.0f} MB before, at most {(most - before) / 2**20:.0f} MB more")  # noqa: T201
        assert most - before < 120 * 2**20
        wait_until(lambda: site.log.read_text().count("A reader is let go") == 20, "they are let go", 40)
        assert all(one.let_go(5) for one in deaf)
    assert http.get(f"{site.url}/health/", timeout=5).text == "OK"
    assert "Traceback" not in site.log.read_text()


@pytest.mark.alone
@pytest.mark.timeout(90)
def test_a_client_that_says_much_and_reads_nothing_is_not_listened_to(start):
    """What it says would wait in memory for its answers, without a bound, until it is let go."""
    site, _ = start()
    user = person(Role.HEAD)
    begin = replay.head()
    fill_the_log(user, events=8_000, size=2_000)
    with DeafSocket(f"{site.url}/ws/notifications/?last_event_id={begin}", session_cookie(user)) as deaf:
        time.sleep(2)  # until nothing more is taken
        before = memory_of(site)
        said = deaf.say('{"type":"ping"}'.ljust(4_000), 40_000, 3)
        more = memory_of(site) - before
        print(f"{said * 4_000 / 2**20:.0f} MB said, {more / 2**20:.0f} MB more")  # noqa: T201
        assert more < 30 * 2**20
        wait_until(lambda: "A reader is let go" in site.log.read_text(), "it is let go", 40)
    assert http.get(f"{site.url}/health/", timeout=5).text == "OK"
    assert "Traceback" not in site.log.read_text()


def test_a_slow_reader_gets_everything_in_its_own_time(start):
    site, _ = start()
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    begin = replay.head()
    fill_the_log(user, events=3_000, size=2_000)
    with Socket(f"{site.url}/ws/notifications/?last_event_id={begin}", cookie) as slow:
        take = slow._take
        slow._take = lambda message: (time.sleep(0.1), take(message))  # and the client library stops reading ahead
        slow.wait_for_cursor(replay.head(), 40)
        assert len(slow.events) == 3_000


# --- a call that blocks -----------------------------------------------------------------------------------------


@pytest.mark.quiet
def test_pages_that_block_stall_no_socket(start):
    """While many pages wait for a lock, open sockets answer and new ones open: nothing of theirs waits in the loop."""
    site, opens = start()
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    inbox.send([user], "Unread")
    sockets = [opens("events/", cookie) for _ in range(5)]
    for socket in sockets:
        socket.next()
    token = http.get(f"{site.url}/accounts/login/").cookies["csrftoken"]
    headers = {"Cookie": f"{cookie}; csrftoken={token}", "X-CSRFToken": token, "Referer": site.url}

    def save() -> int:
        answer = http.post(
            f"{site.url}/dashboard/notifications/", data={"action": "mark_all_read"}, headers=headers, timeout=25
        )
        return answer.status_code

    path = site.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as database, ThreadPoolExecutor(20) as people:
        database.execute("BEGIN IMMEDIATE")
        waiting = [people.submit(save) for _ in range(20)]
        time.sleep(1.5)  # they are all in the middle of it by now
        for socket in [*sockets, opens("events/", cookie)]:
            begun = time.monotonic()
            socket.send({"type": "ping"})
            socket.of_type("pong", 2)
            assert time.monotonic() - begun < 0.5
        assert not [one for one in waiting if one.done()], "they did wait meanwhile"
        database.execute("ROLLBACK")
        assert {one.result() for one in waiting} == {200}


@pytest.mark.timeout(60)
def test_an_idle_socket_stays_open(start):
    _, opens = start(SSE_HEARTBEAT_SECONDS="15")
    user = person(Role.HEAD)
    socket = opens("events/", session_cookie(user))
    assert not socket.ended.wait(20)
    inbox.send([user], "Still there?")
    socket.saying("Still there?")
