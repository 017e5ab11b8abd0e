"""A foreign page in the victim's browser tries everything that a page can do: it must read and change nothing.

It runs from another port of the same host, where the browser sends the victim's cookie (cookies ignore ports), so that
only the site protects; and from another host, where the browser withholds the cookie.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import serializers
from playwright.sync_api import Browser, Page, Response

from messaging.live.models import LastSeen, PresenceProcess, PresentPerson
from projeng import inbox
from realtime.log.models import Event
from realtime.rollout.models import ConnectionSample, ServerProcess
from tests.browser.support import FAILED_REQUESTS, Browsing, chromium, until
from tests.support.people import session_cookie
from tests.support.site import running_on

from .office import Office
from .rules import addresses, rule_for

site = running_on("daphne-sqlite")

# Expected messages on the console of such a page. Others fail the test.
TOLERATED = (FAILED_REQUESTS, "CORS", "WebSocket", "EventSource", "frame", "Content")
# Written by the site meanwhile.
NOT_OURS = {Session, ServerProcess, ConnectionSample, PresenceProcess, PresentPerson, LastSeen}

ATTACK = """async ({site, mirror, sockets, streams, reads, posts}) => {
  const got = {opened: [], read: [], answered: []};
  const within = (seconds, promise) => Promise.race([promise, new Promise((done) => setTimeout(done, seconds * 1000))]);
  await Promise.all(sockets.map((path) => within(5, new Promise((done) => {
    const socket = new WebSocket(site.replace("http", "ws") + path);
    socket.onopen = () => got.opened.push(path);
    socket.onmessage = (event) => { got.read.push(event.data); done(); };
    socket.onclose = done;
  }))));
  await Promise.all(streams.map((path) => within(5, new Promise((done) => {
    const source = new EventSource(site + path, {withCredentials: true});
    source.onopen = () => got.opened.push(path);
    source.onmessage = (event) => { got.read.push(event.data); source.close(); done(); };
    source.onerror = () => { source.close(); done(); };
  }))));
  const read = async (path, options) => {
    try {
      const answer = await fetch(site + path, {credentials: "include", ...options});
      const text = await answer.text();
      if (text) got.read.push(text);
    } catch { /* kept from the page, as it must be */ }
  };
  const json = {"Content-Type": "application/json"};
  for (const path of reads) {
    await read(path, {});
    await read(path, {headers: {"X-CSRFToken": "x".repeat(32)}});
  }
  const body = JSON.stringify({links: [], fallbacks: []});
  for (const path of posts) {
    await read(path, {method: "POST", body, headers: json});
    await read(path, {method: "POST", body, mode: "no-cors"});
    await read(path, {method: "POST", body: new URLSearchParams({action: "delete_all"}), mode: "no-cors"});
    navigator.sendBeacon(site + path, new URLSearchParams({action: "take", scope: "all", reason: "x"}));
  }
  for (const path of reads) await within(5, new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.onload = () => { try { got.read.push(frame.contentDocument.body.innerHTML); } catch {} done(); };
    frame.src = site + path;
    document.body.append(frame);
  }));
  for (const address of [...posts.map((path) => site + path), mirror]) await within(5, new Promise((done) => {
    const frame = Object.assign(document.createElement("iframe"), {name: `f${Math.random()}`, onload: done});
    document.body.append(frame);
    const form = document.createElement("form");
    Object.assign(form, {method: "post", action: address, target: frame.name});
    for (const [name, value] of Object.entries({action: "take", scope: "all", reason: "x", live: "yes", name: "x"}))
      form.append(Object.assign(document.createElement("input"), {name, value}));
    document.body.append(form);
    form.submit();
  }));
  return got;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium of this module, started before the site."""
    with chromium() as started:
        yield started


@pytest.fixture
def browsing(site, browser) -> Iterator[Browsing]:
    """Browser tabs. At the end, no page may have logged an unexpected message."""
    one = Browsing(browser, site)
    yield one
    one.close()
    assert one.problems == []


@dataclass
class Elsewhere:
    """A foreign server: its port, and the cookies of each form posted to it.

    Cookies ignore ports, so a form sends the same cookies here as to the site. The browser's record of its requests
    cannot be used: it is occasionally lost when a frame moves between processes.
    """

    port: int
    cookies: list[str] = field(default_factory=list)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """A server unrelated to the site."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>You have won</title><link rel=icon href=data:,><body></body>")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            found.cookies.append(self.headers.get("Cookie") or "")
            self.do_GET()

        def log_message(self, *args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    found = Elsewhere(server.server_port)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def stored() -> str:
    """Return the contents of the database, except for what the site writes by itself."""
    models = [model for model in apps.get_models() if model not in NOT_OURS]
    return "\n".join(serializers.serialize("json", model.objects.order_by("pk")) for model in models)


def targets(office: Office) -> dict[str, list[str]]:
    """Return every URL for the attack, from the access table."""
    found = {"sockets": ["/ws/events/", "/ws/notifications/", "/ws/projects/"], "streams": [], "reads": [], "posts": []}
    for name, route in addresses():
        rule, path = rule_for(name, route), office.path(name, route)
        if name.startswith("admin:") and not name.startswith("admin:projeng_project_"):
            continue  # one model of the admin stands for all
        if rule.stream:
            found["streams"].append(path)
            found["reads"].append(path)
        elif name in {"realtime_poll", "realtime_status", "project_detail", "control_room", "head_notifications"}:
            found["reads"].append(path)
        # These look at no cookie: one gives a token for a password, the other wants a token and is not mounted here.
        if "POST" in rule.methods and name not in {"api_login", "comm_api"}:
            found["posts"].append(path)
    return found


def attack(page: Page, url: str, elsewhere: Elsewhere, office: Office) -> tuple[dict, set[tuple[str, int]], bool]:
    """Run the attack. Return what the page read, the status of each POST, and whether the cookie was sent."""
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    elsewhere.cookies.clear()
    goals = targets(office)
    got = page.evaluate(ATTACK, {"site": url, "mirror": f"http://127.0.0.1:{elsewhere.port}/", **goals})

    def posts(kind: str = "") -> list[Response]:
        ours = [one for one in answers if one.request.method == "POST" and one.url.startswith(url)]
        return [one for one in ours if one.request.resource_type == kind or not kind]

    for kind in ("document", "ping"):  # forms in frames and beacons, whose end the page cannot observe
        until(page, lambda kind=kind: len(posts(kind)) >= len(goals["posts"]), f"every {kind} is answered")
    until(page, lambda: elsewhere.cookies, "the form comes to the other server")
    posted = {(one.url.removeprefix(url), one.status) for one in posts()}
    return got, posted, any("sessionid=" in cookie for cookie in elsewhere.cookies)


@pytest.mark.timeout(240)
def test_it_reads_nothing_and_changes_nothing(site, elsewhere, browsing):
    office = Office()
    victim = office.people["superuser"]
    context = browsing.browser_of(None)
    name, _, value = session_cookie(victim).partition("=")
    # With the attributes that the site sets.
    context.add_cookies(
        [{"name": name, "value": value, "domain": "127.0.0.1", "path": "/", "httpOnly": True, "sameSite": "Lax"}]
    )
    # Not in a tab, since pages send reports about their connection at any time.
    profile = context.request.get(f"{site.url}/accounts/profile/")
    assert victim.username in profile.text(), f"the victim is not signed in: {profile.status} {profile.url}"
    inbox.send([victim], "Xanadu is for the victim alone")
    before, last = stored(), Event.objects.latest("pk").pk
    for host in ("127.0.0.1", "localhost"):
        page = browsing.tab(context, tolerate=TOLERATED)
        page.goto(f"http://{host}:{elsewhere.port}/")
        got, posted, with_cookie = attack(page, site.url, elsewhere, office)
        page.close()
        assert with_cookie == (host == "127.0.0.1"), f"who gets the cookie along: {host}"
        assert got["opened"] == [], host
        assert got["read"] == [], f"a page at {host} read an answer"
        assert posted
        # Who brings no cookie is asked for a token by the APIs.
        assert {status for _, status in posted} <= ({403} if with_cookie else {401, 403}), (host, posted)
        assert stored() == before, f"something was changed from {host}"
        assert Event.objects.latest("pk").pk == last
