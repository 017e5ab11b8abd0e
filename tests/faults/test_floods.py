"""Floods of requests from one address and from many: the site stays up and usable."""

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User

from projeng import inbox
from projeng.access import Role
from tests.phase0.test_lifecycle import memory_of
from tests.support import http
from tests.support.flood import (
    SOURCES,
    Answer,
    Flood,
    ask,
    connected,
    half_requests,
    handshake,
    made_up_session,
    request,
    sign_in_tries,
)
from tests.support.nginx import Nginx
from tests.support.people import PASSWORD, person, session_cookie
from tests.support.ports import wait_until
from tests.support.site import Site
from tests.support.sse import Refused, Stream
from tests.support.websocket import Socket

STATUS = "/projeng/api/realtime/status/"
EVENTS = "/projeng/api/realtime/events/"
SOCKET = "/ws/events/?topics=notifications"
PAIRS = [("gunicorn", "sqlite"), ("daphne", "postgres")]
FLOOD_SECONDS = 3
_numbers = itertools.count(1)
WORKERS = {"sign-ins": 8}  # threads that send; of others there is one for each kind
SOON = 5.0  # seconds for a page or an event, beside a flood
MEGABYTE = 2**20

# What comes of each: the statuses that there may be. 0: cut off without an answer.
FLOODS: dict[str, tuple[Callable[[Site], Callable[[], bytes]], set[int]]] = {
    "sign-ins": (sign_in_tries, {200, 429}),
    "status": (lambda site: lambda: request(site, STATUS, made_up_session()), {401, 429}),
    "streams": (lambda site: lambda: request(site, EVENTS, made_up_session()), {401, 429}),
    "streams without a session": (lambda site: lambda: request(site, EVENTS), {401}),
    "handshakes": (lambda site: lambda: handshake(site, SOCKET, made_up_session()), {403, 404, 429}),
    "huge headers": (lambda site: lambda: request(site, "/", "X-Huge: " + "x" * 60_000), {0, 400, 431}),
}


def owner(name: str = "") -> User:
    """Somebody whose password a real site can check."""
    user = person(Role.HEAD, name)
    user.password = make_password(PASSWORD, hasher="pbkdf2_sha256")
    user.save()
    return user


def sign_in(site: Site, username: str, password: str, source: str = "127.0.0.1", path: str = "/accounts/login/") -> Any:
    """A sign-in by the page's own form."""
    transport = http.HTTPTransport(local_address=source)
    with http.Client(base_url=site.url, transport=transport, timeout=15) as browser:
        form = {"username": username, "password": password}
        form["csrfmiddlewaretoken"] = browser.get(path).cookies["csrftoken"]
        return browser.post(path, data=form)


def page(site: Site, cookie: str, seconds: float = 15) -> float:
    """How many seconds a page takes that reads the database."""
    begun = time.monotonic()
    answer = http.get(f"{site.url}/dashboard/", headers={"Cookie": cookie, "Accept": "text/html"}, timeout=seconds)
    assert answer.status_code == 200
    return time.monotonic() - begun


def wait_for_message(listening: Stream | Socket, message: str, seconds: float) -> None:
    """Wait until the stream or socket brings this notification."""
    listening.wait_for(lambda frame: frame.get("message") == message, message, seconds)


# --- the limits, on real servers --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: "-".join(pair))
def strict(request, new_database, static_root, tmp_path_factory) -> Iterator[Site]:
    """A site with very small limits behind one proxy, so that a header can say who asks."""
    server, database = request.param
    limits = {"OPENS_PER_ADDRESS": "10", "STREAMS_PER_PERSON": "3", "SIGN_IN_TRIES": "2", "TRUSTED_PROXIES": "1"}
    with Site(
        tmp_path_factory.mktemp("strict"), new_database(database), server, STATIC_ROOT=static_root, **limits
    ) as site:
        yield site


@pytest.fixture
def at(strict, on_database) -> Callable[[], str]:
    """``at()``: a new address that the proxy says requests come from, as a header."""
    on_database(strict.database_url)
    return lambda: f"X-Forwarded-For: 6.6.6.6, 10.0.0.{next(_numbers)}"


def test_made_up_sessions_are_soon_refused_and_nobody_elses(strict, at):
    cookie = f"Cookie: {session_cookie(person(Role.HEAD))}"
    here, elsewhere = at(), at()
    assert ask(strict, request(strict, STATUS, cookie, here)).status == 200
    answers = [ask(strict, request(strict, path, made_up_session(), here)) for path in [STATUS, EVENTS] * 8]
    assert [answer.status for answer in answers[:10]] == [401] * 10
    assert {answer.status for answer in answers[11:]} == {429}
    assert 1 < int(answers[-1].headers["retry-after"]) < 30
    assert answers[-1].headers["content-type"] == "application/json"
    assert ask(strict, request(strict, STATUS, cookie, here)).status == 200, "known here: an allowance of their own"
    assert ask(strict, request(strict, STATUS, made_up_session(), elsewhere)).status == 401


@pytest.mark.parametrize("written", ["X-Forwarded-For: 198.51.100.{}:{}", 'Forwarded: for="[2001:db8:{}::1]:{}"'])
def test_clients_that_a_proxy_names_with_their_ports_are_counted_apart(strict, on_database, written):
    on_database(strict.database_url)
    one, other = next(_numbers), next(_numbers)
    said = [ask(strict, request(strict, EVENTS, made_up_session(), written.format(one, 50_000 + n))) for n in range(14)]
    assert [answer.status for answer in said[:10]] == [401] * 10
    assert {answer.status for answer in said[11:]} == {429}, "another port is the same client"
    assert ask(strict, request(strict, EVENTS, made_up_session(), written.format(other, 50_000))).status == 401


def test_made_up_handshakes_are_refused_with_a_time_to_return(strict, at):
    if strict.server != "daphne":
        pytest.skip("Gunicorn speaks no WebSocket")
    here = at()
    answers = [ask(strict, handshake(strict, SOCKET, made_up_session(), here)) for _ in range(14)]
    assert [answer.status for answer in answers[:10]] == [403] * 10
    assert {answer.status for answer in answers[11:]} == {429}
    assert 1 < int(answers[-1].headers["retry-after"]) < 30
    assert ask(strict, handshake(strict, SOCKET, here)).status == 403, "without a session: as ever"


def test_one_person_has_so_many_streams_and_sockets_and_others_are_not_concerned(strict, at):
    ana, jose = session_cookie(person(Role.HEAD)), session_cookie(person(Role.HEAD))
    with ExitStack() as stack:
        for number in range(3):
            if number == 1 and strict.server == "daphne":
                stack.enter_context(Socket(f"{strict.url}{SOCKET}", ana)).of_type("cursor")
            else:
                stack.enter_context(Stream(f"{strict.url}{EVENTS}", ana)).next()
        with pytest.raises(Refused) as refused:
            Stream(f"{strict.url}{EVENTS}", ana)
        assert refused.value.status == 503
        assert 5 <= int(refused.value.headers["retry-after"]) <= 15
        if strict.server == "daphne":
            answer = ask(strict, handshake(strict, SOCKET, f"Cookie: {ana}"))
            assert (answer.status, 5 <= int(answer.headers["retry-after"]) <= 15) == (503, True)
        stack.enter_context(Stream(f"{strict.url}{EVENTS}", jose)).next()
        poll = http.get(f"{strict.url}/projeng/api/realtime/poll/", headers={"Cookie": ana})
        assert poll.status_code == 200, "what is left for who has no stream"

    def again() -> bool:
        with suppress(Refused), Stream(f"{strict.url}{EVENTS}", ana):
            return True
        return False

    wait_until(again, "what was closed counts no more")


def test_passwords_cannot_be_guessed_and_the_owner_still_gets_in_from_elsewhere(strict, at):
    ana = owner()
    token = http.get(f"{strict.url}/accounts/login/").cookies["csrftoken"]

    def guess(address: str, password: str = "wrong", path: str = "/accounts/login/") -> Answer:
        form = f"csrfmiddlewaretoken={token}&username={ana.username}&password={password}"
        return ask(strict, request(strict, path, f"Cookie: csrftoken={token}", address, body=form))

    here = at()
    assert [guess(here).status for _ in range(4)] == [200, 200, 429, 429]
    refused = guess(here, PASSWORD)
    assert refused.status == 429, "the right one, too: else one could go on guessing"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert guess(here, path="/admin/login/").status == 429
    assert guess(at(), PASSWORD).status == 302


# --- floods -----------------------------------------------------------------------------------------------------


@pytest.mark.alone
@pytest.mark.timeout(120)
@pytest.mark.parametrize(("server", "database"), PAIRS)
def test_beside_floods_of_every_kind_pages_answer_and_every_event_arrives(
    new_database, on_database, static_root, scratch, server, database
):
    url = new_database(database)
    on_database(url)
    head = owner()
    cookie = session_cookie(head)
    with ExitStack() as stack:
        site = stack.enter_context(
            Site(scratch / "site", url, server, STATIC_ROOT=static_root, STREAMS_PER_PERSON="100")
        )
        listening: list[Any] = [stack.enter_context(Stream(f"{site.url}{EVENTS}?topics=notifications", cookie))]
        if server == "daphne":
            listening.append(stack.enter_context(Socket(f"{site.url}{SOCKET}", cookie)))
        for _ in range(5):
            page(site, cookie)
        memory, lines = memory_of(site), site.log.read_text().count("\n")
        pages, events = [], []
        with ExitStack() as flooding:
            flooding.enter_context(half_requests(site, 200, SOURCES))
            floods = {
                (name, number): flooding.enter_context(Flood(site, make(site), SOURCES[:number], WORKERS.get(name, 1)))
                for name, (make, _) in FLOODS.items()
                for number in (1, len(SOURCES))
            }
            begun = time.monotonic()
            while time.monotonic() - begun < FLOOD_SECONDS:
                pages.append(page(site, cookie))
                inbox.send([head], f"message {len(pages)}")
                sent = time.monotonic()
                for one in listening:
                    wait_for_message(one, f"message {len(pages)}", 20)
                events.append(time.monotonic() - sent)
        said = {name: dict(flood.answers) for name, flood in floods.items()}
        grown = (memory_of(site) - memory) / MEGABYTE
        written = site.log.read_text().count("\n") - lines
        print(  # noqa: T201
            f"{server}: {said}; slowest page {max(pages):.2f} s, slowest event {max(events):.2f} s, "
            f"{grown:.0f} MB more, {written} lines"
        )
        for (name, number), flood in floods.items():
            assert flood.answers, f"{name} from {number}"
            assert set(flood.answers) <= FLOODS[name][1], f"{name} from {number}: {flood.answers}"
        assert max(pages) < SOON
        assert max(events) < SOON
        assert grown < 60
        assert written < 100
        wait_until(lambda: page(site, cookie) < 1, "pages are as quick as before")
        wait_until(lambda: sign_in(site, head.username, PASSWORD).status_code == 302, "people sign in again")
        inbox.send([head], "after the flood")
        for one in listening:
            assert not one.ended.is_set()
            wait_for_message(one, "after the flood", 10)
            got = [frame["message"] for frame in one.frames if "message" in frame and "id" in frame]
            assert got == [*(f"message {number}" for number in range(1, len(pages) + 1)), "after the flood"]


# --- browsers that return after a restart are no flood ----------------------------------------------------------


def test_all_people_behind_one_address_return_at_once_and_nobody_is_refused(
    new_database, on_database, static_root, scratch
):
    """Ten times as many as may cost queries for nothing. By default a thousand (test_limits.py)."""
    url = new_database("postgres")
    on_database(url)
    people = [person(Role.HEAD) for _ in range(10)]
    cookies = [f"Cookie: {session_cookie(one)}" for one in people * 20]
    with ExitStack() as stack:
        few = {"OPENS_PER_ADDRESS": "20", "STATIC_ROOT": static_root}
        site = stack.enter_context(Site(scratch / "site", url, "daphne", **few))

        def return_to(cookie: str) -> int:
            sock = stack.enter_context(connected(site, "127.0.0.1", 40))
            sock.sendall(handshake(site, SOCKET, cookie))
            return Answer(sock.recv(4096)).status

        with ThreadPoolExecutor(15) as pool:
            assert set(pool.map(return_to, cookies)) == {101}
        assert ask(site, handshake(site, SOCKET, made_up_session())).status == 403, "and there is still something left"


# --- requests that are never finished ---------------------------------------------------------------------------


@pytest.mark.timeout(90)
def test_half_requests_hold_gunicorns_threads_and_a_proxy_in_front_keeps_them_away(new_database, static_root, scratch):
    """Eight threads in all. Daphne has no thread for half a request, so it does not mind."""
    few = {"SSE_MAX_STREAMS": "6", "WEB_THREADS": "2", "STATIC_ROOT": static_root}
    with (
        Site(scratch / "gunicorn", new_database("sqlite"), "gunicorn", **few) as site,
        Nginx(scratch / "nginx", site.port) as proxy,
    ):

        def answers(address: str) -> bool:
            with suppress(httpx.TimeoutException):
                return http.get(f"{address}/accounts/login/", timeout=3).status_code == 200
            return False

        with half_requests(site, 7, SOURCES):
            wait_until(lambda: answers(site.url), "a thread is left")
        with half_requests(site, 8, SOURCES):
            assert not answers(site.url), "this is why a proxy belongs in front"
        wait_until(lambda: answers(site.url), "the threads are free again")
        with half_requests(proxy, 300, SOURCES):
            wait_until(lambda: answers(proxy.url), "a page comes through the proxy")
