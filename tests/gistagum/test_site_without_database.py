"""A site that loses PostgreSQL says so in clear words, ends nothing that need not end, and comes back by itself."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.contrib.auth.models import User
from websockets.exceptions import InvalidMessage

from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.site import Site
from tests.support.sse import Stream
from tests.support.tcp_relay import TcpRelay
from tests.support.websocket import Refused, Socket

STREAM = "/projeng/api/realtime/events/?topics=notifications"


@pytest.fixture
def relay(postgres) -> Iterator[TcpRelay]:
    with TcpRelay(postgres.port) as relay:
        yield relay


@pytest.fixture(params=["gunicorn", "daphne"])
def site(request, relay, postgres, new_database, on_database, static_root, scratch) -> Iterator[Site]:
    """A site behind the relay; the test's own Django is not."""
    url = new_database("postgres")
    on_database(url)
    behind = url.replace(str(postgres.port), str(relay.port))
    with Site(scratch / "site", behind, request.param, STATIC_ROOT=static_root) as site:
        yield site


@pytest.fixture
def head(site) -> User:
    return person(Role.HEAD)


def refused(site: Site, cookie: str) -> None:
    """No socket opens: it is refused, or Daphne's own patience with the site (five seconds) is at its end."""
    with pytest.raises((Refused, InvalidMessage)):
        Socket(f"{site.url}/ws/events/?topics=notifications", cookie)


@pytest.mark.timeout(150)
def test_it_refuses_clearly_while_its_database_is_away_and_comes_back(site, relay, head):
    cookie = session_cookie(head)
    name, _, value = cookie.partition("=")
    with (
        http.Client(base_url=site.url, cookies={name: value}, headers={"Referer": site.url}, timeout=40) as browser,
        Stream(f"{site.url}{STREAM}", cookie) as stream,
    ):
        stream.next(10)
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get("/projeng/projects/new/").text)[1]
        form = {"csrfmiddlewaretoken": token, "name": "Road", "barangay": "Apokon", "status": "planned"}

        def save() -> httpx.Response:
            return browser.post("/projeng/projects/new/", data=form | {"project_cost": "1000"})

        relay.cut()
        with ThreadPoolExecutor() as people:  # each waits ten seconds for a connection in vain
            socket = people.submit(refused, site, cookie) if site.server == "daphne" else None
            looking, saving = people.submit(browser.get, "/projeng/projects/"), people.submit(save)
            listening = people.submit(browser.get, STREAM)
        for answer in (looking.result(), saving.result()):
            assert answer.status_code == 503
            assert "out of reach" in answer.text
        answer = listening.result()
        assert (answer.status_code, answer.json()["type"]) == (503, "error")
        assert socket is None or socket.result() is None
        assert not stream.ended.is_set(), "it stays open, and says that it lives"
        relay.heal()
        wait_until(lambda: browser.get("/projeng/projects/").status_code == 200, "pages are back", 15)
        assert save().status_code == 302
        assert Project.objects.filter(name="Road").count() == 1, "what was refused has not happened"
        inbox.send([head], "live updates as well")
        stream.wait_for(lambda frame: frame.get("message") == "live updates as well", "the event", 15)
    said = site.log.read_text()
    assert said.count("The event log cannot be read, trying on") == 1
    assert "Traceback" not in said, said
