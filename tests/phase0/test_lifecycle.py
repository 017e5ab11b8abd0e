"""Streams come and go with browsers, servers and databases, and what they hold is bounded and given back."""

import os
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from projeng import inbox
from projeng.access import Role
from realtime.access.audience import user_key
from realtime.log import replay
from realtime.log.models import Event
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.postgres import TEMPLATE, Postgres
from tests.support.site import Site
from tests.support.sse import Refused, Stream

STREAM = "/projeng/api/realtime/events/?topics=notifications"
SERVERS = ["gunicorn", "daphne"]
pytestmark = pytest.mark.long


@pytest.fixture
def start(new_database, on_database, static_root, scratch):
    """``start("gunicorn", …, database=…, **environment)``: sites of the test's own, which share a database.

    The test's ORM works there too.
    """
    with ExitStack() as stack:

        def begin(*servers: str, database: str = "sqlite", url: str = "", **environment: str) -> list[Site]:
            url = url or new_database(database)
            on_database(url)
            environment.setdefault("STATIC_ROOT", static_root)
            return [stack.enter_context(Site(scratch / server, url, server, **environment)) for server in servers]

        yield begin


@pytest.fixture
def streams():
    """``streams(site, cookie, number)``: opens so many; all are closed at the end."""
    opened: list[Stream] = []

    def open_streams(site: Site, cookie: str, number: int = 1, **options) -> list[Stream]:
        new = []
        for _ in range(number):
            new.append(TellingStream(f"{site.url}{STREAM}", cookie, **options))
            opened.append(new[-1])
        return new

    yield open_streams
    for stream in opened:
        stream.close()


class TellingStream(Stream):
    """Knows whether the server ended its answer properly, or just dropped the connection."""

    ended_cleanly = False

    def _body(self):
        yield from super()._body()
        self.ended_cleanly = True


def processes_of(site: Site) -> list[int]:
    """The server's process and its children."""
    pid = site.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def memory_of(site: Site) -> int:
    """Resident bytes of all processes of the site."""
    pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in processes_of(site))
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def opens(site: Site, cookie: str, cursor: str | None = None) -> Stream | None:
    """A stream, or ``None`` when all are taken."""
    try:
        return Stream(f"{site.url}{STREAM}", cookie, last_event_id=cursor)
    except Refused as refused:
        if refused.status != 503:
            raise
        return None


# --- slots ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("server", SERVERS)
def test_when_all_streams_are_taken_others_are_told_to_return_while_pages_answer(start, streams, server):
    [site] = start(server, SSE_MAX_STREAMS="3", WEB_THREADS="2")
    cookie = session_cookie(person(Role.HEAD))
    taken = streams(site, cookie, 3)
    with pytest.raises(Refused) as refused:
        streams(site, cookie)
    assert refused.value.status == 503
    assert refused.value.headers["content-type"] == "application/json"
    assert 1 <= int(refused.value.headers["retry-after"]) <= 60
    for _ in range(10):
        assert http.get(f"{site.url}/accounts/login/", timeout=5).status_code == 200
    taken.pop().close()
    back = wait_until(lambda: opens(site, cookie), "a slot that is freed lets the next one in")
    back.close()


@pytest.mark.timeout(90)
def test_a_browser_that_has_gone_frees_its_slot_within_a_heartbeat(start):
    """With the default heartbeat of 15 s; what the browser's system sends when it is closed is a FIN."""
    sites = start(*SERVERS, SSE_MAX_STREAMS="1", SSE_HEARTBEAT_SECONDS="15")
    cookie = session_cookie(person(Role.HEAD))
    for site in sites:
        stream = Stream(f"{site.url}{STREAM}", cookie)
        stream.next()
        stream.close()
    for site in sites:
        begun = time.monotonic()
        back = wait_until(lambda site=site: opens(site, cookie), f"{site.server} lets the next one in", 15)
        print(f"{site.server}: after {time.monotonic() - begun:.1f} s")  # noqa: T201
        back.close()


# --- stopping and starting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["SIGTERM", "Ctrl-C"])
@pytest.mark.parametrize("server", SERVERS)
def test_a_stop_ends_the_streams_in_time_and_whoever_resumes_has_missed_nothing(start, streams, server, how):
    [site] = start(server)
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    opened = streams(site, cookie, 50)
    inbox.send([user], "before")
    for stream in opened:
        stream.wait_for(lambda frame: frame.get("message") == "before")
    begun = time.monotonic()
    if how == "SIGTERM":
        site.process.terminate()
    else:
        os.killpg(site.process.pid, signal.SIGINT)
    status = site.process.wait(12)
    took = time.monotonic() - begun
    print(f"{server}: {how} took {took:.1f} s")  # noqa: T201
    assert status == 0
    assert took < 6, "after 8 s what still runs is killed, which is no way to end"
    for stream in opened:
        assert stream.ended.wait(2)
        assert stream.ended_cleanly, "the connection was dropped in the middle of an answer"
        assert not [frame for frame in stream.frames if frame["type"] == "error"]
    inbox.send([user], "while down")
    site.start()  # on the same port
    back = [streams(site, cookie, last_event_id=stream.cursor)[0] for stream in opened[:5]]
    inbox.send([user], "after")
    for stream in back:
        stream.wait_for(lambda frame: frame.get("message") == "after")
        assert [frame["message"] for frame in stream.frames if "message" in frame] == ["while down", "after"]


@pytest.mark.timeout(120)
def test_a_stop_does_not_wait_for_a_browser_that_reads_nothing(start, streams):
    sites = start(*SERVERS)
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    for site in sites:
        streams(site, cookie, reading=False)
    fill_the_log(user, events=4_000, size=2_000)
    for site in sites:
        [reader] = streams(site, cookie)
        reader.wait_for_cursor(replay.head(), 20)
    for site in sites:
        assert site.terminate(12) == 0


# --- the database -----------------------------------------------------------------------------------------------


def connections(url: str) -> int:
    """How many connections to this database there are, besides the one that asks."""
    with psycopg.connect(url, autocommit=True) as asking:
        sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return asking.execute(sql).fetchone()[0]


def transactions(url: str) -> int:
    """How many transactions this database has seen."""
    with psycopg.connect(url, autocommit=True) as asking:
        sql = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        return asking.execute(sql).fetchone()[0]


def transactions_while_idle(urls: list[str], seconds: float) -> list[float]:
    """Transactions a second over a while in which nothing happens, those of the asking left out.

    PostgreSQL's processes report what they did up to 10 s late, so that has to pass first.
    """
    time.sleep(11)  # nothing must happen: there is no condition to wait for
    before = [transactions(url) for url in urls]
    time.sleep(seconds)
    return [(transactions(url) - count - 1) / seconds for url, count in zip(urls, before, strict=True)]


@pytest.mark.timeout(120)
def test_idle_streams_hold_no_connection_and_cost_no_query(start, streams, new_database):
    """What they cost does not depend on how many they are: one tail for each process, and its sweep."""
    sites, cookies, urls = [], [], []
    for server in SERVERS:
        urls.append(new_database("postgres"))
        sites += start(server, url=urls[-1], SSE_HEARTBEAT_SECONDS="60")
        connection.close_pool()  # Django keeps one for each alias, whatever database it is for
        cookies.append(session_cookie(person(Role.HEAD)))
    opened = []
    for site, cookie in zip(sites, cookies, strict=True):
        opened += streams(site, cookie, 60)
    for stream in opened:
        stream.next()
    rates = transactions_while_idle(urls, 16)  # with at least one sweep
    held = [connections(url) for url in urls]
    print(f"60 idle streams each, on {SERVERS}: {rates} transactions/s, {held} connections")  # noqa: T201
    for rate, number in zip(rates, held, strict=True):
        assert 0 < number <= 12
        assert 0 < rate <= 2, "about one look a second, and a sweep of a few queries now and then"
    assert not [stream for stream in opened if stream.ended.is_set()]


@pytest.mark.timeout(120)
def test_postgresql_restarts_while_streams_are_open_and_nothing_is_lost(on_database, postgres_cluster, scratch):
    server = Postgres(postgres_cluster)
    try:
        url = server.create("office", TEMPLATE)
        on_database(url)
        user = person(Role.HEAD)
        cookie = session_cookie(user)
        with ExitStack() as stack:
            sites = [stack.enter_context(Site(scratch / name, url, name)) for name in SERVERS]
            streams = {site: stack.enter_context(Stream(f"{site.url}{STREAM}", cookie)) for site in sites}
            inbox.send([user], "before")
            for stream in streams.values():
                stream.wait_for(lambda frame: frame.get("message") == "before")
            data = ["--pgdata", str(server.folder / "data"), "--log", str(server.folder / "log")]
            restart = [*server._as_other, str(server._bin / "pg_ctl"), *data, "-m", "fast", "-w", "restart"]
            with open(os.devnull, "w") as nowhere:
                subprocess.run(restart, check=True, stdout=nowhere, stderr=nowhere, cwd="/", timeout=60)
            connection.close()
            inbox.send([user], "after")
            for site, stream in streams.items():
                got = [frame for frame in stream.frames if "message" in frame]
                deadline = time.monotonic() + 20
                while [frame["message"] for frame in got] != ["before", "after"]:
                    assert time.monotonic() < deadline, f"{site.server}: {got}"
                    if stream.ended.wait(0.1):  # it may end; the browser then resumes
                        try:
                            again = Stream(f"{site.url}{STREAM}", cookie, last_event_id=stream.cursor)
                        except Refused:
                            continue
                        stack.enter_context(again)
                        again.frames[:0] = stream.frames
                        stream = again
                    got = [frame for frame in stream.frames if "message" in frame]
                assert wait_until(site.healthy, f"{site.server} answers again")
    finally:
        server.stop()


# --- browsers that do not read ----------------------------------------------------------------------------------


def fill_the_log(user, events: int, size: int) -> None:
    """Write so many events of about so many bytes for this person."""
    fields = {"message": "x" * size, "unread_count": 0}
    audience = [user_key(user.pk)]
    for _ in range(0, events, 500):
        Event.objects.bulk_create(Event(type="notification", fields=fields, audience=audience) for _ in range(500))


@pytest.mark.alone
@pytest.mark.timeout(120)
def test_a_browser_that_never_reads_does_not_make_the_process_grow(start, streams):
    """20,000 events of 2 KB are 40 MB for each stream; 20 such browsers would be 800 MB."""
    sites = start(*SERVERS)
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    readers = [streams(site, cookie)[0] for site in sites]
    fill_the_log(user, events=4_000, size=2_000)  # what is kept at hand is bounded: fill it first
    for reader in readers:
        reader.wait_for_cursor(replay.head(), 30)
    before = [memory_of(site) for site in sites]
    largest = list(before)
    with ExitStack() as stack:
        for site in sites:
            for _ in range(20):
                stack.enter_context(DeafStream(f"{site.url}{STREAM}", cookie))
        for _ in range(5):
            fill_the_log(user, events=4_000, size=2_000)
            for reader in readers:
                reader.wait_for_cursor(replay.head(), 30)
            largest = [max(pair) for pair in zip(largest, map(memory_of, sites), strict=True)]
    for site, first, most in zip(sites, before, largest, strict=True):
        growth = (most - first) / 2**20
        print(f"{site.server}: {first / 2**20:.0f} MB before, at most {growth:.0f} MB more")  # noqa: T201
        assert growth < 120
        assert http.get(f"{site.url}/health/", timeout=5).text == "OK"


class DeafStream(Stream):
    """Opens a stream and never reads on; its own buffer is small."""

    def __init__(self, url: str, cookie: str) -> None:
        super().__init__(url, cookie, reading=False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


@pytest.mark.timeout(120)
def test_a_browser_that_stops_reading_is_let_go_and_can_resume(start, streams):
    """Its slot is another's after a while; what it missed waits in the log."""
    sites = start(*SERVERS, SSE_MAX_STREAMS="2")
    user = person(Role.HEAD)
    cookie = session_cookie(user)
    head = replay.head()
    readers = [streams(site, cookie)[0] for site in sites]
    deaf = [DeafStream(f"{site.url}{STREAM}", cookie) for site in sites]
    fill_the_log(user, events=4_000, size=2_000)
    for site, reader in zip(sites, readers, strict=True):
        reader.wait_for_cursor(replay.head(), 30)
        assert opens(site, cookie) is None
        reader.close()  # that is its own slot; the other one's is still taken
    for site in sites:
        first = wait_until(lambda site=site: opens(site, cookie), "the reader's slot is free", 15)
        second = wait_until(lambda site=site: opens(site, cookie), "the slot of the one who does not read is free", 40)
        first.close()
        second.close()
        back = wait_until(lambda site=site: opens(site, cookie, str(head)), "it may come back", 15)
        back.wait_for_cursor(replay.head(), 30)
        back.close()
        assert len([frame for frame in back.frames if "id" in frame]) == 4_000
    for stream in deaf:
        stream.close()


# --- without the door -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("server", SERVERS)
def test_with_the_door_closed_streams_are_refused_and_pages_work(start, server):
    [site] = start(server, SSE_ENABLED="false")
    cookie = session_cookie(person(Role.HEAD))
    for address in ("notifications/", "dashboard/", "projects/", "events/"):
        with pytest.raises(Refused) as refused:
            Stream(f"{site.url}/projeng/api/realtime/{address}", cookie)
        assert refused.value.status == 503
        assert refused.value.headers["content-type"] == "application/json"
        assert "retry-after" in refused.value.headers
    for page in ("/dashboard/", "/dashboard/notifications/", "/projeng/projects/"):
        assert http.get(f"{site.url}{page}", headers={"Cookie": cookie}, timeout=10).status_code == 200
