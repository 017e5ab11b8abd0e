"""However a server's process ends, it ends its streams, so that the next one answers pages within seconds."""

import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from projeng.access import Role
from realtime.rollout import presence
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.ports import listens, wait_until
from tests.support.site import UVICORN, Site
from tests.support.sse import Stream
from tests.support.websocket import Socket

STREAM = "/projeng/api/realtime/events/?topics=notifications"
STREAMS = 10
ENDS_SECONDS = 5.0  # two of which Gunicorn itself waits for connections that are kept alive
MEMORY = 2**20  # bytes of address space: less than a worker has
ANSWERS_SECONDS = 15.0  # with the start of new workers


def workers_of(site: Site) -> set[int]:
    """The process ids of its workers."""
    pid = site.process.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def started_workers_of(site: Site) -> set[int]:
    """The process ids of its workers, once all serve. Gunicorn ends when a worker fails before it has started."""

    def started() -> set[int]:
        workers = workers_of(site)
        return workers if workers <= set(presence.alive().values_list("pid", flat=True)) else set()

    return wait_until(started, "the workers serve", ANSWERS_SECONDS)


def answers(site: Site) -> bool:
    """Whether it answers a page within a moment."""
    with suppress(httpx.TransportError):
        return http.get(f"{site.url}/accounts/login/", timeout=1).status_code == 200
    return False


@pytest.fixture(scope="module")
def url(new_database) -> str:
    return new_database("sqlite")


@pytest.fixture(scope="module")
def two_workers(url, static_root, tmp_path_factory) -> Iterator[Site]:
    """Gunicorn with two workers. The tests end these in turn; the master goes on."""
    with Site(tmp_path_factory.mktemp("workers"), url, WEB_CONCURRENCY="2", STATIC_ROOT=static_root) as site:
        yield site


@pytest.fixture
def open_streams(url, on_database) -> Iterator[Callable[[Site], list[Stream]]]:
    """Opens ``STREAMS`` of one person, and waits until each has begun."""
    on_database(url)
    opened: list[Stream] = []

    def begin(site: Site) -> list[Stream]:
        cookie = session_cookie(person(Role.HEAD))
        opened.extend(Stream(f"{site.url}{STREAM}", cookie) for _ in range(STREAMS))
        for stream in opened:
            stream.next()
        return opened

    yield begin
    for stream in opened:
        stream.close()


def all_end_and_pages_answer(site: Site, streams: list[Stream], seconds: float = ENDS_SECONDS) -> None:
    begun = time.monotonic()
    for stream in streams:
        assert stream.ended.wait(max(0.0, begun + seconds - time.monotonic())), f"open after {seconds} s"
    wait_until(lambda: answers(site), "a page is answered", ANSWERS_SECONDS)
    print(f"a page after {time.monotonic() - begun:.1f} s")  # noqa: T201


def starve(site: Site, limit: int) -> set[int]:
    """Set a limit of the system on its workers to what they have now. Return their process ids."""
    workers = started_workers_of(site)
    for pid in workers:
        used = len(os.listdir(f"/proc/{pid}/fd")) if limit == resource.RLIMIT_NOFILE else MEMORY
        resource.prlimit(pid, limit, (used, used))
    return workers


@pytest.fixture
def knock() -> Iterator[Callable[[Site], None]]:
    """Begins a request that goes on to the end of the test. Whoever takes it needs a file for it, and a thread."""
    with ExitStack() as requests:

        def begin(site: Site) -> None:
            with suppress(OSError):
                request = requests.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=5))
                request.sendall(b"GET /health/ HTTP/1.1\r\n")

        yield begin


@pytest.mark.parametrize("names", ["INT ABRT", "QUIT KILL"])
def test_a_worker_that_is_told_to_end_ends_its_streams(two_workers, open_streams, names):
    streams = open_streams(two_workers)
    before = started_workers_of(two_workers)
    for pid, name in zip(before, names.split(), strict=True):
        os.kill(pid, signal.Signals[f"SIG{name}"])
    all_end_and_pages_answer(two_workers, streams)
    wait_until(lambda: not before & workers_of(two_workers), "the old workers are gone", ENDS_SECONDS)


def test_a_reload_ends_the_streams_of_the_old_workers(two_workers, open_streams):
    streams = open_streams(two_workers)
    two_workers.process.send_signal(signal.SIGHUP)
    all_end_and_pages_answer(two_workers, streams, ANSWERS_SECONDS)  # new workers start first


@pytest.mark.parametrize("limit", [resource.RLIMIT_NOFILE, resource.RLIMIT_AS], ids=["open files", "memory"])
def test_a_worker_that_breaks_down_at_a_limit_ends_its_streams_and_itself(two_workers, open_streams, knock, limit):
    """No thread can be started for what comes, or no connection accepted: the error ends the worker's main loop."""
    streams = open_streams(two_workers)
    starved = starve(two_workers, limit)

    def ended() -> bool:
        knock(two_workers)  # which of the workers takes it is the system's choice
        return all(stream.ended.is_set() for stream in streams)

    def gone() -> bool:
        knock(two_workers)
        return not starved & workers_of(two_workers)

    wait_until(ended, "the streams end", ENDS_SECONDS)
    wait_until(gone, "the starved workers are gone", ANSWERS_SECONDS)
    wait_until(lambda: answers(two_workers), "a page is answered", ANSWERS_SECONDS)


@pytest.mark.parametrize(
    "words", ["--max-requests 40", "--max-requests 30 --max-requests-jitter 15 --worker-class gthread"]
)
def test_a_worker_that_has_answered_its_number_of_requests_ends_its_streams(
    url, static_root, scratch, open_streams, words
):
    with Site(scratch, url, STATIC_ROOT=static_root, GUNICORN_CMD_ARGS=words) as site:
        [before] = workers_of(site)
        streams = open_streams(site)
        while before in workers_of(site) and not any(stream.ended.is_set() for stream in streams):
            answers(site)
        all_end_and_pages_answer(site, streams)
        wait_until(lambda: before not in workers_of(site), "the old worker is gone", ENDS_SECONDS)


def test_workers_whose_master_is_gone_end_and_free_the_port(url, static_root, scratch, open_streams):
    with Site(scratch, url, STATIC_ROOT=static_root) as site:
        streams = open_streams(site)
        site.process.kill()
        for stream in streams:
            assert stream.ended.wait(ENDS_SECONDS)
        wait_until(lambda: not listens(site.port), "the port is free", ENDS_SECONDS)


def test_a_request_that_never_ends_keeps_no_worker(url, static_root, scratch, open_streams):
    """Its place is another's soon, not when the master's patience (``timeout``) ends."""
    patience = "--graceful-timeout 1"
    with ExitStack() as stack:
        site = stack.enter_context(Site(scratch, url, STATIC_ROOT=static_root, GUNICORN_CMD_ARGS=patience))
        slow = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
        slow.sendall(b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nhalf")
        streams = open_streams(site)
        [before] = workers_of(site)
        os.kill(before, signal.SIGTERM)
        for stream in streams:
            assert stream.ended.wait(ENDS_SECONDS)
        wait_until(lambda: before not in workers_of(site), "the worker is gone", 20)
        wait_until(lambda: answers(site), "a page is answered", ANSWERS_SECONDS)


# --- ASGI servers -----------------------------------------------------------------------------------------------


class LimitedUvicorn(Site):
    """Uvicorn that ends after some requests, and would wait for streams for ever."""

    by_hand = {"uvicorn": UVICORN.replace("--timeout-graceful-shutdown 2", "--limit-max-requests 40")}


def test_uvicorn_that_has_answered_its_number_of_requests_ends_its_streams(url, static_root, scratch, open_streams):
    with LimitedUvicorn(scratch, url, "uvicorn", STATIC_ROOT=static_root) as site:
        streams = open_streams(site)
        cookie = session_cookie(person(Role.HEAD))
        with Socket(f"{site.url}/ws/events/", cookie) as connection:
            while site.process.poll() is None and not any(stream.ended.is_set() for stream in streams):
                answers(site)
            assert connection.closed_with(ENDS_SECONDS) == 1012
        for stream in streams:
            assert stream.ended.wait(ENDS_SECONDS)
        assert site.process.wait(ENDS_SECONDS) == 0
        assert "Traceback" not in site.log.read_text()


@pytest.mark.parametrize("name", ["HUP", "QUIT"])
def test_daphne_ends_in_order_at_other_signals_too(url, static_root, scratch, open_streams, name):
    with Site(scratch, url, "daphne", STATIC_ROOT=static_root) as site:
        streams = open_streams(site)
        with Socket(f"{site.url}/ws/events/", session_cookie(person(Role.HEAD))) as connection:
            site.process.send_signal(signal.Signals[f"SIG{name}"])
            assert connection.closed_with(ENDS_SECONDS) == 1012
        for stream in streams:
            assert stream.ended.wait(ENDS_SECONDS)
        assert site.process.wait(ENDS_SECONDS) == 0


def test_pages_that_are_asked_for_until_daphne_stops_do_not_keep_it(url, static_root, scratch):
    """Regression: their threads waited for the event loop, which had stopped, until the process was cut off."""

    def ask(site: Site) -> None:
        with suppress(httpx.TransportError):
            while True:
                http.get(f"{site.url}/accounts/login/", timeout=ENDS_SECONDS)

    with Site(scratch, url, "daphne", STATIC_ROOT=static_root) as site, ThreadPoolExecutor(10) as people:
        asking = [people.submit(ask, site) for _ in range(10)]
        wait_until(lambda: answers(site), "a page is answered")
        site.process.terminate()
        assert site.process.wait(ENDS_SECONDS) == 0
        for one in asking:
            one.result(ENDS_SECONDS)
        assert "still busy" not in site.log.read_text()
