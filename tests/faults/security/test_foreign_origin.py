"""Handshakes with the victim's cookie from a page of another origin are refused, whatever its origin is.

A browser sends the cookie from every port of the same host and from sibling hosts. Only ``Origin`` tells them apart.
"""

import socket

import pytest

from gistagum.middleware import is_allowed_origin
from projeng.access import Role
from tests.support.people import person, session_cookie
from tests.support.site import running_on

site = running_on("daphne-sqlite", "uvicorn-sqlite")
pytestmark = pytest.mark.timeout(120)

SOCKETS = ["/ws/events/", "/ws/notifications/", "/ws/projects/", "/ws/events/?topics=gossip", "/ws/gossip/"]
# Origins of foreign pages. {host} and {port} are the site's own.
FOREIGN = {
    "nothing": None,
    "an empty one": "",
    "a sandboxed page": "null",
    "a file": "file://",
    "an extension": "chrome-extension://{host}",
    "somebody else": "https://evil.example",
    "their port": "http://evil.example:{port}",
    "no port": "http://{host}",
    "another port": "http://{host}:{other}",
    "a longer port": "http://{host}:{port}0",
    "no port at all": "http://{host}:",
    "another scheme": "https://{host}:{port}",
    "the scheme of sockets": "ws://{host}:{port}",
    "no scheme": "{host}:{port}",
    "another host that is served": "http://localhost:{port}",
    "ours as a prefix": "http://{host}.evil.example:{port}",
    "ours with its port as a prefix": "http://{host}:{port}.evil.example",
    "ours as a suffix": "http://evil{host}:{port}",
    "ours below theirs": "http://evil.{host}:{port}",
    "ours with a dot": "http://{host}.:{port}",
    "ours as a user": "http://{host}:{port}@evil.example",
    "theirs as a user": "http://evil.example@{host}:{port}",
    "ours behind a mark": "http://evil.example/#http://{host}:{port}",
    "ours as a question": "http://evil.example?http://{host}:{port}",
    "ours with a path": "http://{host}:{port}/",
    "two": "http://{host}:{port} http://evil.example",
    "two by comma": "http://{host}:{port}, http://evil.example",
    "punycode": "http://xn--{host}-9za:{port}",
    "other digits": "http://\N{SUPERSCRIPT ONE}27.0.0.1:{port}",
    "ours as a number": "http://2130706433:{port}",
    "ours in short": "http://127.1:{port}",
    "ours as IPv6": "http://[::ffff:{host}]:{port}",
    "half an IPv6": "http://[::",
    "a port that there is not": "http://{host}:99999",
    "a percent sign": "http://%31%32%37.0.0.1:{port}",
    "a backslash": "http://{host}:{port}\\@evil.example",
}


def handshake(site, path: str, cookie: str, origin: str | None, host: str = "") -> int:
    """Return the status of the response to a handshake."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host or f'127.0.0.1:{site.port}'}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Cookie: {cookie}",
    ]
    if origin is not None:
        lines.append(f"Origin: {origin}")
    with socket.create_connection(("127.0.0.1", site.port), timeout=15) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin1"))
        return int(connection.makefile("rb").readline().split()[1])


def test_a_page_of_another_origin_gets_no_socket_though_it_has_the_cookie(site):
    cookie, faults = session_cookie(person(Role.HEAD)), site.log.read_text().count("Traceback")
    own = {"host": "127.0.0.1", "port": site.port}
    other = site.port + 1 if site.port < 65535 else site.port - 1
    for path in SOCKETS[:3]:
        assert handshake(site, path, cookie, f"http://127.0.0.1:{site.port}") == 101
    answers = {
        name: handshake(site, SOCKETS[0], cookie, origin and origin.format(**own, other=other))
        for name, origin in FOREIGN.items()
    }
    # Daphne validates the format of an Origin (400) before it calls the application.
    assert {name: status for name, status in answers.items() if status not in {400, 403}} == {}
    for path in SOCKETS:
        for origin in ("https://evil.example", f"http://127.0.0.1:{other}"):
            assert handshake(site, path, cookie, origin) == 403, (path, origin)
    assert handshake(site, SOCKETS[0], cookie, f"HTTP://127.0.0.1:{site.port}") == 101  # the same, in capitals
    assert site.log.read_text().count("Traceback") == faults, site.log.read_text()[-3000:]


def test_a_name_that_leads_here_but_is_not_ours_gets_no_socket(site):
    """DNS rebinding: for the browser, page and site have the same origin, with a name that is not ours."""
    cookie = session_cookie(person(Role.HEAD))
    for host in (f"evil.example:{site.port}", "evil.example", f"127.0.0.1.evil.example:{site.port}", "@", "a b"):
        assert handshake(site, SOCKETS[0], cookie, f"http://{host}", host) in {400, 403}, host
    assert handshake(site, SOCKETS[0], cookie, f"http://localhost:{site.port}", f"localhost:{site.port}") == 101


@pytest.mark.parametrize("https", [True, False])
def test_who_may_send_forms_may_listen_and_nobody_else(settings, https):
    settings.HTTPS = https
    settings.ALLOWED_HOSTS = ["office.example", ".city.example", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://Map.example:8443", "https://*.lgu.example"]
    scheme, wrong = ("https", "http") if https else ("http", "https")
    for host in ("office.example", "office.example:8000", "works.city.example", "[::1]:8000"):
        assert is_allowed_origin(f"{scheme}://{host}", host)
        assert not is_allowed_origin(f"{wrong}://{host}", host)
        assert not is_allowed_origin(f"{scheme}://{host}", "office.example:1")
    for trusted in ("https://map.example:8443", "https://lgu.example", "https://a.b.lgu.example"):
        assert is_allowed_origin(trusted, "office.example")
        assert not is_allowed_origin(trusted, "evil.example")
    for foreign in (
        "https://map.example",
        "http://a.lgu.example",
        "https://evillgu.example",
        "https://b.office.example",
    ):
        assert not is_allowed_origin(foreign, "office.example")
    # Both hosts are served, but they are different origins: a page of one may not open sockets to the other.
    assert not is_allowed_origin(f"{scheme}://works.city.example", "office.example")
