"""A server that starts before the site is prepared waits for it, and servers that prepare it take turns."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from projeng.access import Role
from tests.support import http
from tests.support.people import person, session_cookie
from tests.support.pgbouncer import PgBouncer
from tests.support.ports import listens, wait_until
from tests.support.site import ROOT, START_SECONDS, Site
from tests.support.sse import Stream
from tests.support.websocket import Refused, Socket

WAITS = "another server prepares the site; waiting for it"
# The command without the static files, which take their time and are collected in the same turn.
MIGRATE = """
import django; django.setup()
from unittest.mock import patch
from gistagum.management.commands import prepare
call = prepare.call_command
with patch.object(prepare, "call_command", lambda name, **options: name == "migrate" and call(name, **options)):
    prepare.Command().handle(check=False)
"""
STREAM = "/projeng/api/realtime/events/?topics=notifications"


def manage(site: Site, *words: str) -> None:
    """Run a command with the settings of a site."""
    command = [sys.executable, "manage.py", *words]
    subprocess.run(command, cwd=ROOT, env=site.environment, check=True, timeout=START_SECONDS)


def check(site: Site) -> tuple[int, str]:
    """The exit code of ``prepare --check``, and what it says."""
    command = [sys.executable, "manage.py", "prepare", "--check"]
    done = subprocess.run(command, cwd=ROOT, env=site.environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def answer(site: Site, path: str, **headers: str) -> httpx.Response:
    return http.get(f"{site.url}{path}", headers=headers, timeout=20)


@pytest.mark.parametrize(("server", "lacking"), [("gunicorn", "both"), ("daphne", "files"), ("uvicorn", "migrations")])
def test_a_server_that_finds_nothing_waits_and_then_serves(
    scratch, new_database, static_root, on_database, server, lacking
):
    url = new_database("sqlite") if lacking == "files" else f"sqlite:///{scratch / 'office.sqlite3'}"
    files = Path(static_root if lacking == "migrations" else scratch / "static")
    site = Site(scratch, url, server, STATIC_ROOT=str(files))
    site.launch()
    try:
        wait_until(lambda: listens(site.port), "the server listens", START_SECONDS)
        health = answer(site, "/health/")
        assert health.status_code == 503
        what = "migrations" if lacking == "migrations" else "static files"
        assert re.fullmatch(rf"not prepared: .* lacks \d+ {what}, the first of them \S+", health.text), health.text
        page = answer(site, "/accounts/login/")
        assert page.status_code == 503
        assert 1 <= int(page.headers["retry-after"]) <= 60
        stream = answer(site, STREAM)
        assert (stream.status_code, stream.headers["content-type"]) == (503, "application/json")
        if server != "gunicorn":
            with pytest.raises(Refused):
                Socket(f"{site.url}/ws/events/", "sessionid=" + "a" * 32)
        said = [line for line in site.log.read_text().splitlines() if "This server waits" in line]
        assert len(said) == int(site.environment["WEB_CONCURRENCY"]), site.log.read_text()
        assert "manage.py prepare" in said[0]

        if lacking == "both":
            assert re.fullmatch(r"CommandError: .* static files, .*; .* migrations, .*\n", check(site)[1])
        if lacking != "files":
            manage(site, "migrate", "--verbosity", "0")
        if lacking != "migrations":
            shutil.copytree(static_root, files)
        if lacking == "both":
            assert check(site) == (0, "The site is prepared.\n")
        wait_until(site.healthy, "the site serves, without a restart")
        page = answer(site, "/accounts/login/")
        assert page.status_code == 200
        for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            assert answer(site, address).status_code == 200, address
        on_database(site.database_url)
        with Stream(f"{site.url}{STREAM}", session_cookie(person(Role.HEAD))) as opened:
            opened.next()
        log = site.log.read_text()
        assert "The site is prepared, this server serves it." in log
        assert "Traceback" not in log
        assert log.lower().count("warning") - log.count("StreamingHttpResponse must") == len(said), log
        assert "ERROR" not in log
    finally:
        site.stop()


def test_first_starts_on_one_empty_database_take_turns(scratch, static_root):
    url = f"sqlite:///{scratch / 'office.sqlite3'}"
    files = scratch / "static"
    # The same applications as where the files were collected.
    common = {"SKIP_MIGRATE": "false", "STATIC_ROOT": str(files), "COMM_ENABLED": "true", "COMM_COMPAT": "true"}
    together = [Site(scratch / str(number), url, "gunicorn", **common) for number in range(2)]
    try:
        for site in together:
            site.launch()
        for site in together:
            wait_until(site.healthy, "the site answers", START_SECONDS)
            assert answer(site, "/accounts/login/").status_code == 200
        logs = "".join(site.log.read_text() for site in together)
        assert "Traceback" not in logs
        assert logs.count(WAITS) == 1
        assert names(files) == names(Path(static_root)), "a file that two write at once gets another name"
    finally:
        for site in together:
            site.stop()


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_through_a_pooler_in_transaction_mode_they_take_turns_too(request, postgres):
    """It gives the session to others between two transactions."""
    name = f"empty_{os.getpid()}"
    pooler = PgBouncer(postgres.port, size=5, user=urlsplit(postgres.create(name)).username)
    request.addfinalizer(pooler.stop)
    settings = {"DATABASE_URL": pooler.address(name), "DATABASE_POOLER": "transaction"}
    environment = {**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "gistagum.settings"}
    together = [
        subprocess.Popen([sys.executable, "-c", MIGRATE], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=START_SECONDS)[1] for process in together]
    assert [process.returncode for process in together] == [0, 0, 0], said
    assert sum(WAITS in text for text in said) == 2, said
    assert "Traceback" not in "".join(said)
