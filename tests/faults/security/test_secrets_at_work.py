"""A site whose secrets would be recognised anywhere, and everything that may go wrong there: none of them comes out.

Looked through: logs (DEBUG, text and JSON), bodies of answers, what commands and scripts say, the rows that processes
write of themselves and all others, and the command lines of every process.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core import serializers
from django.db import connection
from redis import Redis as RedisClient

from projeng.access import Role
from projeng.models import Project
from tests.support.people import person
from tests.support.ports import wait_until
from tests.support.redis import Redis
from tests.support.site import ROOT, Site
from tests.support.sse import Stream
from tests.support.websocket import Refused, Socket

SECRETS = {
    "SECRET_KEY": "HushKey" + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "the password of the database": "HushDatabase4711",
    "the password of Redis": "HushRedis4711",
    "a password": "HushTyped4711xyz",
    "a wrong password": "HushWrong4711xyz",
    "a new password": "HushLater4711xyz",
    "another new password": "HushOther4711xyz",
    "a CSRF token that is not ours": "HushToken4711" + "x" * 19,
}
API = "/projeng/api/realtime"


class Place:
    """Where it all happens: the site, the secrets that it has got to know, and all that was said."""

    def __init__(self, site: Site, user) -> None:
        self.site = site
        self.user = user
        self.secrets = dict(SECRETS)
        self.thorough = site.server == "daphne"  # commands are the same under every server, and take their time
        self.said: dict[str, str] = {}

    def hear(self, what: str, text: str) -> str:
        """Keep what was said."""
        self.said[what] = self.said.get(what, "") + text
        return text

    def knows(self, what: str, secret: str) -> str:
        """A secret that came up on the way."""
        self.secrets[what] = secret
        return secret

    def ask(self, browser: httpx.Client, method: str, path: str, status: int, **options) -> httpx.Response:
        """A request, whose answer is kept."""
        answer = browser.request(method, path, **options)
        self.hear(f"{method} {path}", answer.text)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:300])
        return answer

    def command(self, *words: str, codes: tuple[int, ...] = (0, 1, 2)) -> str:
        """A command of the site's, in the site's environment."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            env={**os.environ, **self.site.environment, "DJANGO_SETTINGS_MODULE": "gistagum.settings"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode in codes, done
        return self.hear(" ".join(words), done.stdout + done.stderr)

    def leaks(self) -> list[str]:
        """What came out where."""
        self.hear("log", self.site.log.read_text())
        return [
            f"{name} in {where}: …{text[max(0, text.find(secret) - 100) :][:300]}…"
            for name, secret in self.secrets.items()
            for where, text in self.said.items()
            if secret in text
        ]


@contextmanager
def missing(*tables: str) -> Iterator[None]:
    """Within this block these tables are not there."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")


def sign_in(place: Place) -> httpx.Client:
    """Through the front door, with a wrong password first; the browser keeps its cookies."""
    headers = {"Referer": place.site.url, "Accept": "text/html"}
    browser = httpx.Client(base_url=place.site.url, headers=headers, timeout=20)
    form = {"username": place.user.username, "csrfmiddlewaretoken": csrf(place, browser, "/accounts/login/")}
    place.ask(browser, "POST", "/accounts/login/", 200, data={**form, "password": SECRETS["a wrong password"]})
    place.ask(browser, "POST", "/accounts/login/", 302, data={**form, "password": SECRETS["a password"]})
    place.knows("the session", browser.cookies["sessionid"])
    place.knows("the CSRF cookie", browser.cookies["csrftoken"])
    return browser


def csrf(place: Place, browser: httpx.Client, path: str) -> str:
    """The token of the form on a page. That page alone may show it."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(path).text)[1]
    return place.knows(f"the CSRF token of {path}", token)


def mistakes(place: Place, browser: httpx.Client) -> None:
    """What people and programs do wrong."""
    password = {"new_password1": SECRETS["a new password"], "new_password2": SECRETS["another new password"]}
    token = csrf(place, browser, "/accounts/password/")
    wrong = {**password, "old_password": SECRETS["a wrong password"], "csrfmiddlewaretoken": token}
    place.ask(browser, "POST", "/accounts/password/", 200, data=wrong)
    token = SECRETS["a CSRF token that is not ours"]
    place.ask(browser, "POST", "/accounts/password/", 403, data={**wrong, "csrfmiddlewaretoken": token})
    place.ask(browser, "POST", "/ops/realtime/", 403, data={"action": "take"})
    place.ask(browser, "GET", "/nothing/here/", 404)
    place.ask(browser, "GET", "/dashboard/", 400, headers={"Host": "evil.example"})
    headers = {"X-CSRFToken": browser.cookies["csrftoken"]}
    for status, body in ((400, b"{half"), (400, b"[" * 50_000), (413, b" " * 70_000)):
        json_body = {"content": body, "headers": {**headers, "Content-Type": "application/json"}}
        place.ask(browser, "POST", f"{API}/receipts/", status, **json_body)
    place.ask(browser, "POST", f"{API}/receipts/", 403, content=b"{}", headers={"X-CSRFToken": token})
    place.ask(browser, "GET", f"{API}/events/?topics=gossip", 400)
    place.ask(browser, "GET", f"{API}/events/?user=1000000", 409)
    # Cookies that are none of ours, or were: what they hold is not repeated either.
    cookie = f"sessionid={place.knows('a session that is over', 'hush0session' + 'x' * 20)}; csrftoken={token}"
    answer = httpx.get(f"{place.site.url}{API}/events/", headers={"Cookie": cookie})
    place.hear("a session that is over", answer.text)
    assert answer.status_code == 401


def broken_tables(place: Place, browser: httpx.Client) -> None:
    """The database refuses: pages answer 500, streams end, and every process says so in its log."""
    cookie = f"sessionid={browser.cookies['sessionid']}"
    with Stream(f"{place.site.url}{API}/events/", cookie) as stream:
        stream.next()
        with missing("projeng_project", "realtime_event"):
            place.ask(browser, "GET", "/dashboard/", 500)
            place.ask(browser, "GET", f"{API}/poll/", 500)
            if place.thorough:
                place.command("transport", "show", "--json")
            wait_until(lambda: "The event log cannot be read" in place.site.log.read_text(), "the tail says so")
        place.hear("a stream", repr(stream.frames))
    with missing("django_session"):
        place.ask(browser, "GET", "/dashboard/", 500)
        token = {"csrfmiddlewaretoken": place.secrets["the CSRF token of /accounts/password/"]}
        typed = {"username": place.user.username, "password": SECRETS["a password"]}
        with httpx.Client(base_url=place.site.url, headers={"Referer": place.site.url}) as other:
            other.cookies.set("csrftoken", browser.cookies["csrftoken"])
            place.ask(other, "POST", "/accounts/login/", 500, data={**token, **typed})


def sockets(place: Place, browser: httpx.Client) -> None:
    """Handshakes that are refused, and junk on one that is not (Gunicorn refuses all of them)."""
    cookie = f"sessionid={browser.cookies['sessionid']}; csrftoken={browser.cookies['csrftoken']}"
    url = f"{place.site.url.replace('http', 'ws')}/ws/events/"
    for options in ({"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://[::"}):
        with pytest.raises(Refused):
            Socket(url, cookie, **options)
    if place.site.server == "gunicorn":
        return
    with Socket(f"{url}?topics=gossip", cookie) as socket:
        socket.closed_with()
        place.hear("a socket", repr(socket.frames))
    with Socket(url, cookie) as socket:
        socket.next()
        for junk in ("{half", b"\xff", SECRETS["a wrong password"]):
            with suppress(Exception):
                socket.send(junk)
        socket.closed_with()
        place.hear("a socket", repr(socket.frames))
    with missing("django_session"), pytest.raises((Refused, EOFError, OSError)):
        Socket(url, cookie)


def for_operators(place: Place, browser: httpx.Client, redis: Redis) -> None:
    """What is made to tell how the site does: pages, commands, and what processes write of themselves."""
    for path in ("/ops/realtime/", "/ops/realtime/?q=hush", "/ops/realtime/checklist/?to=5", f"{API}/status/"):
        place.ask(browser, "GET", path, 200)
    for path in ("realtime/event/", "realtime/linkreport/", "auth/user/", f"auth/user/{place.user.pk}/change/"):
        place.ask(browser, "GET", f"/admin/{path}", 200)
    assert "Redis does not work" not in place.command("check_redis", "--json")
    with RedisClient(port=redis.port, password=SECRETS["the password of Redis"]) as server:
        server.config_set("requirepass", "another-one")
        server.client_kill_filter(_type="pubsub")
        server.client_kill_filter(_type="normal", skipme=True)
    assert "Redis does not work" in place.command("check_redis")
    redis.kill()
    assert "Redis does not work" in place.command("check_redis", "--json")
    Project.objects.create(name="Nobody hears of it through Redis", barangay="Apokon")
    place.ask(browser, "GET", "/ops/realtime/checklist/?to=4", 200)
    for words in ("migration status", "migration check --to 5", "transport show", "parity_report"):
        place.command(*words.split(), "--json")
    tables = [model for model in apps.get_models() if model is not Session]
    place.hear("the tables", "\n".join(serializers.serialize("json", model.objects.all()) for model in tables))
    rows = json.loads(serializers.serialize("json", apps.get_model("realtime", "ServerProcess").objects.all()))
    assert rows[0]["fields"]["switches"]["REDIS_URL"] == {"value": True, "source": "environment"}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("server", ["gunicorn", "daphne"])
def test_no_secret_comes_out_whatever_goes_wrong(new_database, on_database, static_root, scratch, server):
    url = new_database("postgres")
    on_database(url)
    user = person(Role.HEAD, is_superuser=True, is_staff=True)
    user.password = make_password(SECRETS["a password"], hasher="pbkdf2_sha256")
    user.save()
    with ExitStack() as stack:
        redis = Redis()
        stack.callback(redis.stop)
        with RedisClient(port=redis.port) as one:
            one.config_set("requirepass", SECRETS["the password of Redis"])
        environment = {
            "SECRET_KEY": SECRETS["SECRET_KEY"],
            "REDIS_URL": redis.url.replace("//", f"//:{SECRETS['the password of Redis']}@"),
            "WEBSOCKET_BROADCAST": "true",
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json" if server == "daphne" else "text",
            "STATIC_ROOT": static_root,
        }
        with_password = url.replace("gistagum@", f"gistagum:{SECRETS['the password of the database']}@")
        site = stack.enter_context(Site(scratch, with_password, server, **environment))
        place = Place(site, user)
        browser = sign_in(place)
        stack.callback(browser.close)
        mistakes(place, browser)
        broken_tables(place, browser)
        sockets(place, browser)
        if place.thorough:
            for_operators(place, browser, redis)
        lines = [path.read_bytes().replace(b"\0", b" ") for path in processes(site.process.pid)]
        place.hear("command lines", b"\n".join(lines).decode())
        assert server in place.said["command lines"]
        site.terminate()
    assert "Traceback" in site.log.read_text(), "nothing went wrong"
    assert place.leaks() == []


def processes(group: int) -> list[Path]:
    """The command lines of the processes of a group."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if os.getpgid(int(path.name)) == group:
                found.append(path / "cmdline")
    return found
