"""The site listens at any address that its machine has, under each server, and whoever asks it finds it there."""

import os
import re
import subprocess
import sys

import pytest

from projeng import inbox
from projeng.access import Role
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.ports import listens
from tests.support.site import ROOT, UVICORN, Site
from tests.support.sse import Stream
from tests.support.websocket import Socket

STREAM = "/projeng/api/realtime/events/?topics=notifications"
HOSTS = "127.0.0.1,localhost,::1"


class UvicornAtAnAddress(Site):
    """Uvicorn, which somebody starts by hand at ``HOST``."""

    by_hand = {"uvicorn": UVICORN.replace("127.0.0.1", "::1")}


@pytest.fixture
def url(new_database, on_database) -> str:
    url = new_database("sqlite")
    on_database(url)
    return url


def sign_in(site: Site, user) -> int:
    """The status of a form with its token, sent as the page's own origin would."""
    page = f"{site.url}/accounts/login/"
    token = http.get(page).cookies["csrftoken"]
    headers = {"Cookie": f"csrftoken={token}", "Origin": site.url}
    form = {"username": user.username, "password": "wrong", "csrfmiddlewaretoken": token}
    return http.post(page, data=form, headers=headers).status_code


@pytest.mark.parametrize(
    ("server", "host"),
    [("gunicorn", "::1"), ("gunicorn", "[::]"), ("daphne", "::"), ("uvicorn", "::1")],
)
def test_pages_forms_streams_and_sockets_work_at_this_address(url, static_root, scratch, server, host):
    kind = UvicornAtAnAddress if server == "uvicorn" else Site
    options = {"STATIC_ROOT": static_root, "HOST": host, "ALLOWED_HOSTS": HOSTS, "HTTPS": "false"}
    with kind(scratch, url, server, **options) as site:
        user = person(Role.HEAD)
        cookie = session_cookie(user)
        assert sign_in(site, user) == 200
        with Stream(f"{site.url}{STREAM}", cookie) as stream:
            inbox.send([user], "here")
            stream.wait_for(lambda frame: frame.get("message") == "here")
        if server != "gunicorn":
            with Socket(f"{site.url}/ws/events/", cookie) as connection:
                assert connection.next()
        if server != "uvicorn":
            assert f"gistagum: {server} on http://" in site.log.read_text()
        if "::" in host and "1" not in host:
            assert listens(site.port), "every address includes those of IPv4"
        assert self_check(site) == 0
        assert "Traceback" not in site.log.read_text()


def self_check(site: Site) -> int:
    """The exit code of the container's health check."""
    code = re.search(r'HEALTHCHECK.*?"-c", "(.*?)"\]', (ROOT / "Dockerfile").read_text(), re.DOTALL)[1]
    environment = {"PATH": os.environ["PATH"], "PORT": str(site.port), "HOST": site.environment["HOST"]}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, timeout=20, check=False).returncode


@pytest.mark.parametrize("host", ["[::1", "127.1", "192.0.2.7", "no-such-name.invalid", "localhost:8000"])
def test_an_address_that_cannot_be_is_refused_before_the_database_is_touched(scratch, host):
    database = scratch / "office.sqlite3"
    site = Site(scratch, f"sqlite:///{database}", SKIP_MIGRATE="false")
    site.environment["HOST"] = host
    site.launch()
    assert site.process.wait(30) == 1
    said = site.log.read_text().splitlines()
    assert len(said) == 1, said
    assert said[0].startswith(f"gistagum: HOST is '{host}'; ")
    assert not database.exists()
