"""start.sh as an operator meets it: what stops it, what it prepares, and what it becomes."""

import ast
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support import http
from tests.support.ports import free_port, listens, wait_until
from tests.support.site import ROOT, Site

STRONG = "a-strong-key-of-many-characters-0123456789-abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def environment(scratch) -> dict[str, str]:
    """What an operator sets for production, in an otherwise empty environment."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "LANG": "C.UTF-8",
        "GISTAGUM_ENV_FILE": os.devnull,
        "SECRET_KEY": STRONG,
        "ALLOWED_HOSTS": "127.0.0.1,gistagum.example",
        "CSRF_TRUSTED_ORIGINS": "https://gistagum.example",
        "DATABASE_URL": f"sqlite:///{scratch}/office.sqlite3",
        "STATIC_ROOT": str(scratch / "static"),
        "MEDIA_ROOT": str(scratch / "media"),
        "PORT": str(free_port()),
    }


# --- what stops it ----------------------------------------------------------------------------------------------

BAD = [
    ("USE_DAPHNE", "maybe"),
    ("SSE_ENABLED", "perhaps"),
    ("DEBUG", "2"),
    ("HTTPS", "tls"),
    ("SKIP_MIGRATE", "later"),
    ("PORT", "abc"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "99999999999999999999"),
    ("PORT", "80 81"),
    ("HOST", "here; rm"),
    ("WEB_CONCURRENCY", "0"),
    ("WEB_CONCURRENCY", "two"),
    ("WEB_THREADS", "0"),
    ("SSE_MAX_STREAMS", "0"),
    ("SSE_MAX_STREAMS", "1e3"),
    ("SSE_HEARTBEAT_SECONDS", "0"),
    ("EVENT_RETENTION_DAYS", "0"),
    ("UPLOAD_MAX_MB", "none"),
    ("MESSAGE_ATTACHMENT_MAX_MB", "0"),
    ("CLAMD_SOCKET", "clamd.ctl"),
    ("CLAMD_SOCKET", "tcp://scanner:port"),
    ("CONTENT_SERVICE_URL", "ftp://ana:secret@files"),
    ("CONTENT_SERVICE_URL", "https://"),
    ("TRUSTED_PROXIES", "-1"),
    ("SIGN_IN_TRIES", "0"),
    ("STREAMS_PER_PERSON", "0"),
    ("OPENS_PER_ADDRESS", "9"),
    ("SECRET_KEY", None),
    ("SECRET_KEY", "weak"),
    ("SECRET_KEY", "a" * 80),
    ("ALLOWED_HOSTS", None),
    ("ALLOWED_HOSTS", "*"),
    ("DATABASE_URL", "mysql://ana:secret@db/office"),
    ("DATABASE_URL", "postgres://ana:secret@db"),
    ("DATABASE_URL", "postgres://ana:secret@db:port/office"),
    ("CSRF_TRUSTED_ORIGINS", "gistagum.example"),
    ("CORS_ALLOWED_ORIGINS", "https://gistagum.example/app"),
    ("CORS_ALLOWED_ORIGINS", "*"),
    ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=[f"{name}={str(value)[:30]}" for name, value in BAD])
def test_a_value_that_cannot_work_stops_the_start_with_one_line_that_names_it(environment, scratch, name, value):
    if value is None:
        del environment[name]
    else:
        environment[name] = value
    done = subprocess.run(
        [ROOT / "start.sh"], env=environment, capture_output=True, text=True, timeout=30, check=False, cwd="/"
    )
    assert done.returncode != 0
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("gistagum: ")
    assert name in lines[0]
    assert "secret" not in lines[0]
    assert not (scratch / "office.sqlite3").exists(), "it went on to prepare the database"


@pytest.mark.parametrize("name", ["USE_DAPHNE", "PORT", "WEB_CONCURRENCY", "SSE_MAX_STREAMS", "LOG_LEVEL"])
def test_the_line_says_what_the_variable_holds_and_what_it_may_hold(environment, name):
    environment[name] = "nonsense"
    done = subprocess.run([ROOT / "start.sh"], env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert re.fullmatch(rf"gistagum: {name} is 'nonsense'; it may be .+\.\n", done.stderr)


def test_a_database_that_does_not_answer_stops_the_start_in_time(environment):
    environment["DATABASE_URL"] = f"postgres://gistagum@127.0.0.1:{free_port()}/office"
    done = subprocess.run([ROOT / "start.sh"], env=environment, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode != 0
    assert "gistagum: gunicorn" not in done.stderr, "the server was started all the same"


# --- what it prepares and becomes -------------------------------------------------------------------------------


def test_a_first_start_prepares_the_database_and_the_static_files_and_a_later_one_may_leave_them(environment, scratch):
    static = scratch / "static"
    first = Site(scratch / "site", environment["DATABASE_URL"], SKIP_MIGRATE="", STATIC_ROOT=str(static))
    with first:
        page = http.get(f"{first.url}/accounts/login/")
        assert page.status_code == 200
        [sheet, *_] = re.findall(r'href="(/static/[^"]+\.css)"', page.text)
        assert http.get(f"{first.url}{sheet}").status_code == 200
    with sqlite3.connect(scratch / "office.sqlite3") as database:
        tables = {name for [name] in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        groups = {name for [name] in database.execute("SELECT name FROM auth_group")}
        assert {"realtime_event", "projeng_project"} <= tables
        assert groups == {"Head Engineer", "Project Engineer", "Finance Manager"}
        database.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    shutil.rmtree(static)
    later = Site(scratch / "site", environment["DATABASE_URL"], SKIP_MIGRATE="1", STATIC_ROOT=str(static))
    later.launch()
    try:
        wait_until(lambda: listens(later.port), "the server listens", 30)
        health = http.get(f"{later.url}/health/", timeout=20)
        assert (health.status_code, health.text.partition(":")[0]) == (503, "not prepared")
        assert not static.exists()
        with sqlite3.connect(scratch / "office.sqlite3") as database:
            missing = "SELECT count(*) FROM django_migrations WHERE app = 'sessions'"
            assert database.execute(missing).fetchone() == (0,)
    finally:
        later.stop()


@pytest.mark.parametrize(("server", "program"), [("gunicorn", "gunicorn"), ("daphne", "daphne")])
def test_the_process_that_was_started_becomes_the_server(new_database, scratch, server, program):
    """So that signals and limits reach it, and its exit status is the one that is seen."""
    with Site(scratch, new_database("sqlite"), server) as site:
        words = Path(f"/proc/{site.process.pid}/cmdline").read_bytes().split(b"\0")
        assert any(Path(word.decode()).name == program for word in words[:2]), words
        assert not any(b"start.sh" in word for word in words)
        assert f"gistagum: {server} on {site.url}" in site.log.read_text()
        assert site.terminate() == 0


def test_it_can_be_started_from_anywhere(environment, scratch):
    environment["HTTPS"] = "false"
    process = subprocess.Popen(
        [ROOT / "start.sh"], env=environment, cwd="/", stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:

        def answers() -> bool:
            try:
                return http.get(f"http://127.0.0.1:{environment['PORT']}/health/").text == "OK"
            except httpx.TransportError:
                return False

        wait_until(answers, "the site answers", 30)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(12) == 0


def test_behind_https_the_health_page_answers_and_pages_redirect(new_database, scratch):
    with Site(scratch, new_database("sqlite"), HTTPS="true") as site:  # healthy() has already had its OK
        answer = http.get(f"{site.url}/accounts/login/")
        assert (answer.status_code, answer.headers["location"]) == (
            301,
            f"https://127.0.0.1:{site.port}/accounts/login/",
        )


# --- the settings -----------------------------------------------------------------------------------------------


def test_production_settings_pass_djangos_own_check_for_deployment(environment):
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def variables_read_in_python(source: str) -> set[str]:
    """The names that are asked of ``env`` or of ``os.environ``."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            owner = ast.unparse(node.func.value)
            asks = owner == "env" or (owner == "os.environ" and node.func.attr == "get")
        elif isinstance(node, ast.Subscript):
            asks = ast.unparse(node.value) == "os.environ"
        else:
            continue
        first = node.args[0] if isinstance(node, ast.Call) else node.slice
        if asks and isinstance(first, ast.Constant):
            names.add(first.value)
    return names


def variables_read_in_shell(source: str) -> set[str]:
    """The names in capitals that a script takes from outside, as ``$NAME`` or ``${NAME…}``."""
    code = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("#"))
    return set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", code)) - {"PWD", "PATH", "HOME"}


def test_the_example_names_every_variable_that_is_read_and_no_other():
    read = variables_read_in_shell((ROOT / "start.sh").read_text())
    for module in [*ROOT.glob("gistagum/*.py"), ROOT / "gunicorn.conf.py"]:
        read |= variables_read_in_python(module.read_text())
    read -= {"DJANGO_SETTINGS_MODULE"}
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = [match[1] for line in lines if (match := re.match(r"#?\s?([A-Z][A-Z0-9_]+)=", line))]
    assert len(read) > 15
    assert sorted(named) == sorted(read)


def test_the_example_shows_the_defaults(environment, scratch):
    """Whoever copies the file and fills in what has no default changes nothing else.

    ``SWITCHES`` tells where each value comes from as well, which does differ; the values are settings of their own.
    """
    example = (ROOT / ".env.example").read_text()
    (scratch / ".env").write_text(example)
    show = (
        "import json\nfrom gistagum import settings\n"
        "names = {name for name in dir(settings) if name.isupper()} - {'SWITCHES'}\n"
        "print(json.dumps({name: str(getattr(settings, name)) for name in names}, sort_keys=True))"
    )
    kept = {"PATH": environment["PATH"], "SECRET_KEY": STRONG, "ALLOWED_HOSTS": "a.example"}
    shown = [
        subprocess.run(
            [sys.executable, "-c", show],
            cwd=ROOT,
            env={**kept, "GISTAGUM_ENV_FILE": file},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
        for file in (os.devnull, str(scratch / ".env"))
    ]
    assert shown[0] == shown[1]
