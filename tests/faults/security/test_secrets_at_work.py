"""Errors of a running site never reveal its secrets, which have recognizable values here.

Searched are the logs (DEBUG, text and JSON), the bodies of responses, the output of commands and scripts, all rows of
the database, and the command lines of every process.
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
from tests.support import http
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


class LeakDetector:
    """The site, its known secrets, and all output collected from it."""

    def __init__(self, site: Site, user) -> None:
        self.site = site
        self.user = user
        self.secrets = dict(SECRETS)
        self.thorough = site.server == "daphne"  # commands are slow and the same under every server
        self.outputs: dict[str, str] = {}

    def record(self, what: str, text: str) -> str:
        """Record output, and return it."""
        self.outputs[what] = self.outputs.get(what, "") + text
        return text

    def add_secret(self, what: str, secret: str) -> str:
        """Record a secret that was created during the test, and return it."""
        self.secrets[what] = secret
        return secret

    def ask(self, browser: httpx.Client, method: str, path: str, status: int, **options) -> httpx.Response:
        """Send a request, and record its response."""
        answer = browser.request(method, path, **options)
        self.record(f"{method} {path}", answer.text)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:300])
        return answer

    def command(self, *words: str, codes: tuple[int, ...] = (0, 1, 2)) -> str:
        """Run a management command in the site's environment, and record its output."""
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
        return self.record(" ".join(words), done.stdout + done.stderr)

    def leaks(self) -> list[str]:
        """Return the secrets found, with where they were."""
        self.record("log", self.site.log.read_text())
        return [
            f"{name} in {where}: …{text[max(0, text.find(secret) - 100) :][:300]}…"
            for name, secret in self.secrets.items()
            for where, text in self.outputs.items()
            if secret in text
        ]


@contextmanager
def missing(*tables: str) -> Iterator[None]:
    """Within this block, these tables do not exist."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")


def sign_in(detector: LeakDetector) -> httpx.Client:
    """Sign in by the form, first with a wrong password."""
    headers = {"Referer": detector.site.url, "Accept": "text/html"}
    browser = http.Client(base_url=detector.site.url, headers=headers, timeout=20)
    form = {"username": detector.user.username, "csrfmiddlewaretoken": csrf(detector, browser, "/accounts/login/")}
    detector.ask(browser, "POST", "/accounts/login/", 200, data={**form, "password": SECRETS["a wrong password"]})
    detector.ask(browser, "POST", "/accounts/login/", 302, data={**form, "password": SECRETS["a password"]})
    detector.add_secret("the session", browser.cookies["sessionid"])
    detector.add_secret("the CSRF cookie", browser.cookies["csrftoken"])
    return browser


def csrf(detector: LeakDetector, browser: httpx.Client, path: str) -> str:
    """Return the CSRF token of a page's form. Only that page may contain it."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(path).text)[1]
    return detector.add_secret(f"the CSRF token of {path}", token)


def mistakes(detector: LeakDetector, browser: httpx.Client) -> None:
    """Send erroneous requests of users and programs."""
    password = {"new_password1": SECRETS["a new password"], "new_password2": SECRETS["another new password"]}
    token = csrf(detector, browser, "/accounts/password/")
    wrong = {**password, "old_password": SECRETS["a wrong password"], "csrfmiddlewaretoken": token}
    detector.ask(browser, "POST", "/accounts/password/", 200, data=wrong)
    token = SECRETS["a CSRF token that is not ours"]
    detector.ask(browser, "POST", "/accounts/password/", 403, data={**wrong, "csrfmiddlewaretoken": token})
    detector.ask(browser, "POST", "/ops/realtime/", 403, data={"action": "take"})
    detector.ask(browser, "GET", "/nothing/here/", 404)
    detector.ask(browser, "GET", "/dashboard/", 400, headers={"Host": "evil.example"})
    headers = {"X-CSRFToken": browser.cookies["csrftoken"]}
    for status, body in ((400, b"{half"), (400, b"[" * 50_000), (413, b" " * 70_000)):
        json_body = {"content": body, "headers": {**headers, "Content-Type": "application/json"}}
        detector.ask(browser, "POST", f"{API}/receipts/", status, **json_body)
    detector.ask(browser, "POST", f"{API}/receipts/", 403, content=b"{}", headers={"X-CSRFToken": token})
    detector.ask(browser, "GET", f"{API}/events/?topics=gossip", 400)
    detector.ask(browser, "GET", f"{API}/events/?user=1000000", 409)
    # Invalid cookies, whose values must not be repeated either.
    cookie = f"sessionid={detector.add_secret('a session that is over', 'hush0session' + 'x' * 20)}; csrftoken={token}"
    answer = http.get(f"{detector.site.url}{API}/events/", headers={"Cookie": cookie})
    detector.record("a session that is over", answer.text)
    assert answer.status_code == 401


def broken_tables(detector: LeakDetector, browser: httpx.Client) -> None:
    """Cause database errors: pages respond with 500, streams end, and every process logs errors."""
    cookie = f"sessionid={browser.cookies['sessionid']}"
    with Stream(f"{detector.site.url}{API}/events/", cookie) as stream:
        stream.next()
        with missing("projeng_project", "realtime_event"):
            detector.ask(browser, "GET", "/dashboard/", 500)
            detector.ask(browser, "GET", f"{API}/poll/", 500)
            if detector.thorough:
                detector.command("transport", "show", "--json")
            wait_until(lambda: "The event log cannot be read" in detector.site.log.read_text(), "the tail says so")
        detector.record("a stream", repr(stream.frames))
    with missing("django_session"):
        detector.ask(browser, "GET", "/dashboard/", 500)
        token = {"csrfmiddlewaretoken": detector.secrets["the CSRF token of /accounts/password/"]}
        typed = {"username": detector.user.username, "password": SECRETS["a password"]}
        with http.Client(base_url=detector.site.url, headers={"Referer": detector.site.url}) as other:
            other.cookies.set("csrftoken", browser.cookies["csrftoken"])
            detector.ask(other, "POST", "/accounts/login/", 500, data={**token, **typed})


def sockets(detector: LeakDetector, browser: httpx.Client) -> None:
    """Send handshakes that are refused, and garbage on an accepted one (Gunicorn refuses all)."""
    cookie = f"sessionid={browser.cookies['sessionid']}; csrftoken={browser.cookies['csrftoken']}"
    url = f"{detector.site.url.replace('http', 'ws')}/ws/events/"
    for options in ({"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://[::"}):
        with pytest.raises(Refused):
            Socket(url, cookie, **options)
    if detector.site.server == "gunicorn":
        return
    with Socket(f"{url}?topics=gossip", cookie) as socket:
        socket.closed_with()
        detector.record("a socket", repr(socket.frames))
    with Socket(url, cookie) as socket:
        socket.next()
        for junk in ("{half", b"\xff", SECRETS["a wrong password"]):
            with suppress(Exception):
                socket.send(junk)
        socket.closed_with()
        detector.record("a socket", repr(socket.frames))
    with missing("django_session"), pytest.raises((Refused, EOFError, OSError)):
        Socket(url, cookie)


def for_operators(detector: LeakDetector, browser: httpx.Client, redis: Redis) -> None:
    """Collect the output for operators: pages, commands, and the rows that processes write about themselves."""
    for path in ("/ops/realtime/", "/ops/realtime/?q=hush", "/ops/realtime/checklist/?to=5", f"{API}/status/"):
        detector.ask(browser, "GET", path, 200)
    for path in ("realtime/event/", "realtime/linkreport/", "auth/user/", f"auth/user/{detector.user.pk}/change/"):
        detector.ask(browser, "GET", f"/admin/{path}", 200)
    assert "Redis does not work" not in detector.command("check_redis", "--json")
    with RedisClient(port=redis.port, password=SECRETS["the password of Redis"]) as server:
        server.config_set("requirepass", "another-one")
        server.client_kill_filter(_type="pubsub")
        server.client_kill_filter(_type="normal", skipme=True)
    assert "Redis does not work" in detector.command("check_redis")
    redis.kill()
    assert "Redis does not work" in detector.command("check_redis", "--json")
    Project.objects.create(name="Nobody hears of it through Redis", barangay="Apokon")
    detector.ask(browser, "GET", "/ops/realtime/checklist/?to=4", 200)
    for words in ("migration status", "migration check --to 5", "transport show", "parity_report"):
        detector.command(*words.split(), "--json")
    tables = [model for model in apps.get_models() if model is not Session]
    detector.record("the tables", "\n".join(serializers.serialize("json", model.objects.all()) for model in tables))
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
        detector = LeakDetector(site, user)
        browser = sign_in(detector)
        stack.callback(browser.close)
        mistakes(detector, browser)
        broken_tables(detector, browser)
        sockets(detector, browser)
        if detector.thorough:
            for_operators(detector, browser, redis)
        lines = [path.read_bytes().replace(b"\0", b" ") for path in processes(site.process.pid)]
        detector.record("command lines", b"\n".join(lines).decode())
        assert server in detector.outputs["command lines"]
        site.terminate()
    assert "Traceback" in site.log.read_text(), "nothing went wrong"
    assert detector.leaks() == []


def processes(group: int) -> list[Path]:
    """Return the command lines of the processes of a group."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if os.getpgid(int(path.name)) == group:
                found.append(path / "cmdline")
    return found
