"""A proxy gives up an idle connection before the site does, or what it sends at that moment gets 502."""

import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPResponse
from threading import Event

import pytest
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER
from twisted.web.http import HTTPFactory
from uvicorn import Config

from tests.support import http
from tests.support.nginx import DocumentedNginx, documented_sample
from tests.support.site import ROOT

CONNECTIONS = 32  # as many as the sample keeps
EDGE = 0.05  # seconds after the idle time
READERS = 3  # who keep the server busy, so that it takes its time to notice what comes


def gunicorn_keepalive() -> float:
    return float(re.search(r"^keepalive = (\d+)", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)[1])


def documented_seconds() -> float:
    """How long nginx keeps an idle connection to the site, as documented."""
    upstream = re.search(r"^upstream .*?^}", documented_sample(), re.MULTILINE | re.DOTALL)[0]
    found = re.search(r"^\s*keepalive_timeout (\d+)s;", upstream, re.MULTILINE)
    return float(found[1]) if found else 60.0  # nginx's default


@pytest.mark.parametrize(
    ("server", "seconds"),
    [
        ("Gunicorn", gunicorn_keepalive()),
        ("a Gunicorn worker that ends", STOP_KEEPALIVE_LINGER),
        ("Daphne", HTTPFactory().timeOut),
        ("Uvicorn", Config("").timeout_keep_alive),
    ],
)
def test_the_documented_proxy_gives_up_before_each_server(server, seconds):
    assert documented_seconds() <= seconds / 2, server


def statuses(port: int, offset: float, idle: list[float]) -> list[int]:
    """What is answered to a POST after so many seconds of idling each, on one connection to the proxy."""
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for seconds in [0.0, *idle]:
            if seconds:
                time.sleep(seconds + offset)  # the idling is what is tested
            connection.sendall(b"POST /health/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\nhi")
            response = HTTPResponse(connection, method="POST")
            response.begin()
            response.read()
            found.append(response.status)
    return found


def read_on(url: str, over: Event) -> None:
    """Read a page again and again."""
    while not over.is_set():
        http.get(url, timeout=20)


@pytest.mark.quiet
@pytest.mark.timeout(90)
def test_what_is_sent_at_the_edge_of_the_idle_time_arrives(sites, scratch):
    """Also for requests that a proxy never tries twice, such as POST."""
    edges = sorted({min(documented_seconds(), 5.0), gunicorn_keepalive()})
    site, over = sites("gunicorn", "sqlite"), Event()
    with ExitStack() as stack:
        proxy = stack.enter_context(DocumentedNginx(scratch, site.port))
        people = stack.enter_context(ThreadPoolExecutor(CONNECTIONS + READERS))
        stack.callback(over.set)
        for _ in range(READERS):
            people.submit(read_on, f"{site.url}/accounts/login/", over)
        asked = [
            people.submit(statuses, proxy.port, EDGE * number / CONNECTIONS, edges) for number in range(CONNECTIONS)
        ]
        found = [status for future in asked for status in future.result()]
    assert set(found) == {200}, f"{found.count(502)} of {len(found)} got 502"
