"""The address of the database leads to a standby for a while: everybody is told, and it mends itself."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.pgbouncer import PgBouncer
from tests.support.ports import wait_until
from tests.support.postgres import TEMPLATE, Postgres
from tests.support.site import Site
from tests.support.sse import Stream
from tests.support.tcp_relay import TcpRelay

PAGES = ["/projeng/projects/", "/projeng/api/realtime/poll/?topics=notifications", "/health/"]
ANSWERED = {200, 302, 503}


@pytest.fixture(scope="module")
def primary(postgres_cluster) -> Iterator[Postgres]:
    server = Postgres(postgres_cluster, wal_level="replica", max_wal_senders="4")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def standby(primary) -> Iterator[Postgres]:
    server = Postgres(standby_of=primary)
    yield server
    server.stop()


class Office:
    """A site behind a relay, with a head who saves."""

    def __init__(self, site: Site, relay: TcpRelay) -> None:
        self.site = site
        self.relay = relay
        self.head = person(Role.HEAD)
        self.cookie = session_cookie(self.head)
        name, _, value = self.cookie.partition("=")
        self.browser = http.Client(base_url=site.url, cookies={name: value}, headers={"Referer": site.url}, timeout=40)
        page = self.browser.get("/projeng/projects/new/").text
        self._token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)[1]

    def save(self, name: str) -> httpx.Response:
        form = {"csrfmiddlewaretoken": self._token, "name": name, "barangay": "Apokon", "status": "planned"}
        return self.browser.post("/projeng/projects/new/", data=form | {"project_cost": "1000"})


@pytest.fixture(params=["gunicorn", "daphne", "daphne behind pgbouncer"])
def office(request, primary, standby, on_database, static_root, scratch) -> Iterator[Office]:
    server, _, pooler = request.param.partition(" behind ")
    name = f"office_{server}_{pooler}"
    url = primary.create(name, template=TEMPLATE)
    on_database(url)
    with ExitStack() as stack:
        relay = stack.enter_context(TcpRelay(primary.port))
        behind, mode = url.replace(str(primary.port), str(relay.port)), "none"
        if pooler:
            pgbouncer = PgBouncer(relay.port, size=10)
            stack.callback(pgbouncer.stop)
            behind, mode = pgbouncer.address(name), "transaction"
        own = Site(scratch / "site", behind, server, STATIC_ROOT=static_root, DATABASE_POOLER=mode)
        site = stack.enter_context(own)
        caught_up = f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"
        wait_until(lambda: standby._sql(caught_up) == "1", "the standby has the database", 30)
        office = Office(site, relay)
        stack.callback(office.browser.close)
        yield office


@pytest.mark.timeout(150)
def test_while_the_address_leads_to_a_standby_everybody_is_told_and_afterwards_it_mends_itself(
    office, primary, standby
):
    assert office.save("Before").status_code == 302
    answers: list[tuple[str, httpx.Response]] = []
    over = threading.Event()

    def ask_on(path: str) -> None:
        while not over.is_set():
            answers.append((path, office.browser.get(path)))

    with Stream(f"{office.site.url}/projeng/api/realtime/events/?topics=notifications", office.cookie) as stream:
        stream.next(10)
        with ThreadPoolExecutor() as people:
            asking = [people.submit(ask_on, path) for path in PAGES]
            try:
                office.relay.lead_to(standby.port)
                refused = [office.save(f"Meanwhile {number}") for number in range(2)]
                health = http.get(f"{office.site.url}/health/", timeout=10)
                office.relay.lead_to(primary.port)
                wait_until(lambda: office.save("After").status_code == 302, "saves go on", 15)
                wait_until(lambda: http.get(f"{office.site.url}/health/", timeout=10).text == "OK", "it is healthy", 15)
            finally:
                over.set()
        assert all(one.exception() is None for one in asking)
        inbox.send([office.head], "live updates as well")
        stream.wait_for(lambda frame: frame.get("message") == "live updates as well", "the event", 15)
    for answer in refused:
        assert answer.status_code == 503
        assert "out of reach" in answer.text
    assert (health.status_code, health.text) == (503, "database: read-only")
    assert {answer.status_code for _, answer in answers} <= ANSWERED
    for path, answer in answers:
        if answer.status_code == 503 and "/api/" in path:
            assert answer.json()["type"] == "error"
    assert Project.objects.filter(name="Before").count() == 1
    assert not Project.objects.filter(name__startswith="Meanwhile").exists(), "what was refused has not happened"
    said = office.site.log.read_text()
    assert "Traceback" not in said, said
    assert "only reads" in said
