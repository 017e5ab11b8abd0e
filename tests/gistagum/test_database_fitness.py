"""What the database must be is checked at a start: each fault is one line, which says what to do."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.postgresql.features import DatabaseFeatures

from gistagum import database_checks, database_fitness
from projeng import inbox
from tests.support.database import using_database
from tests.support.log import logged
from tests.support.postgres import Postgres
from tests.support.site import ROOT

UNPRIVILEGED = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
ALTER = 'ALTER DATABASE "{name}" SET '


@pytest.fixture(autouse=True)
def _database_may_be_asked(django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def make(postgres: Postgres) -> Callable[..., str]:
    """Makes an empty database with these options, and executes statements in it."""

    def make(name: str, options: str = "", *statements: str) -> str:
        postgres._sql(f'CREATE DATABASE "{name}" TEMPLATE template0 {options}')
        for statement in statements:
            postgres.run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", name, "-c", statement.format(name=name))
        return postgres._address(name)

    return make


def faults_at(url: str) -> list[str]:
    with using_database(url):
        return database_fitness.faults()[0]


def run(url: str, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "gistagum.settings"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


# --- PostgreSQL -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "statement", "words"),
    [
        ("ascii", "ENCODING 'SQL_ASCII' LOCALE 'C'", "SELECT 1", 'encoding of database "ascii" is SQL_ASCII'),
        ("latin1", "ENCODING 'LATIN1' LOCALE 'C'", "SELECT 1", "is LATIN1 and must be UTF8: make a new one"),
        ("japanese", "ENCODING 'EUC_JP' LOCALE 'C'", "SELECT 1", "is EUC_JP and must be UTF8"),
        ("serial", "", ALTER + "default_transaction_isolation = 'serializable'", "by default serializable,"),
        ("repeat", "", ALTER + "default_transaction_isolation = 'repeatable read'", "by default repeatable read,"),
        ("reading", "", ALTER + "default_transaction_read_only = on", "only reads (default_transaction_read_only is"),
        ("german", "", ALTER + "DateStyle = 'German'", "DateStyle of database \"german\" is German, DMY and must"),
        ("sql", "", ALTER + "DateStyle = 'SQL, DMY'", "DateStyle of database \"sql\" is SQL, DMY and must"),
        ("spans", "", ALTER + "IntervalStyle = 'iso_8601'", "IntervalStyle of database \"spans\" is iso_8601 and"),
        ("escapes", "", ALTER + "standard_conforming_strings = off", "standard_conforming_strings of database"),
        ("lost", "", ALTER + "search_path = 'nowhere'", 'has no schema in database "lost" (search_path is nowhere)'),
    ],
)  # fmt: skip
def test_a_database_of_another_kind_is_refused(make, name, options, statement, words):
    [fault] = faults_at(make(name, options, statement))
    assert words in fault
    assert "\n" not in fault


def test_several_faults_are_all_said(make):
    found = faults_at(make("worst", "ENCODING 'LATIN1' LOCALE 'C'", ALTER + "DateStyle = 'German'"))
    assert [fault.split()[0] for fault in found] == ["The", "DateStyle"]


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("manila", ALTER + "timezone = 'Asia/Manila'"),
        ("dmy", ALTER + "DateStyle = 'ISO, DMY'"),
        ("named", 'CREATE SCHEMA office; ALTER DATABASE "{name}" SET search_path = office'),
    ],
)
def test_what_does_no_harm_is_not_refused(make, name, statement):
    assert faults_at(make(name, "", statement)) == []


def test_a_role_needs_rights(make, postgres):
    for role in ("stranger", "reader", "clerk"):
        postgres._sql(f"CREATE ROLE {role} LOGIN")
    url = make("mine").replace("gistagum@", "stranger@")
    [fault] = faults_at(url)
    assert fault == (
        'Role "stranger" may create no tables in schema "public": GRANT CREATE ON SCHEMA "public" TO "stranger".'
    )
    postgres.run("psql", "-q", "-d", "mine", "-c", "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    [fault] = faults_at(url)
    assert 'Role "stranger" has no schema in database "mine"' in fault
    postgres._sql("REVOKE CONNECT ON DATABASE mine FROM PUBLIC")
    [fault] = faults_at(url)
    assert 'permission denied for database "mine"' in fault
    assert fault.endswith("GRANT CONNECT ON DATABASE … TO ….")


def test_a_role_that_does_not_own_the_tables_needs_what_is_documented(new_database, postgres):
    """And no more than that: it saves, and its events get their places."""
    url = new_database("postgres")
    name = url.rpartition("/")[2]

    def execute(statement: str) -> None:
        postgres.run("psql", "-q", "-d", name, "-c", statement)

    postgres._sql("CREATE ROLE worker LOGIN")
    url = url.replace("gistagum@", "worker@")
    execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO worker")
    [fault] = faults_at(url)
    assert fault.startswith('Role "worker" lacks INSERT, UPDATE, DELETE on auth_group and more on ')
    advice = [part.strip(" .") for part in fault.partition(": ")[2].split(";")]
    execute(advice[0])
    [fault] = faults_at(url)
    assert 'Role "worker" lacks SELECT, UPDATE on realtime_event_id_seq' in fault
    execute(advice[1])
    assert faults_at(url) == []
    with using_database(url):
        inbox.send([User.objects.create(username="somebody")], "Peña paid ₱5")
        assert logged().count() == 1


def test_a_role_may_execute_what_the_numbering_calls(make, postgres):
    used = set(re.findall(r"\bpg_\w+(?=\()", (ROOT / "realtime/log/numbering_postgresql.py").read_text()))
    assert {function.partition("(")[0] for function in database_fitness.FUNCTIONS} == used
    url = make("hardened", "", "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC", "CREATE ROLE guest LOGIN")
    postgres.run("psql", "-q", "-d", "hardened", "-c", "GRANT CREATE ON SCHEMA public TO guest")
    [fault] = faults_at(url.replace("gistagum@", "guest@"))
    assert fault == (
        'Role "guest" may not execute pg_control_system(): GRANT EXECUTE ON FUNCTION pg_control_system() TO "guest".'
    )


def test_who_may_open_more_connections_than_there_are_is_warned(make, monkeypatch):
    url = make("small", "CONNECTION LIMIT 30")
    with using_database(url):
        monkeypatch.setattr(settings, "WEB_CONCURRENCY", 1)
        assert database_checks.check_database(None, ["default"]) == []
        monkeypatch.setattr(settings, "WEB_CONCURRENCY", 2)
        [warning] = database_checks.check_database(None, ["default"])
        assert warning.id == "gistagum.W003"
        assert warning.msg.startswith("The site may open 46 connections")
        monkeypatch.setattr(settings, "USE_DAPHNE", True)
        assert database_checks.check_database(None, ["default"]) == []


def test_a_server_that_is_too_old_is_refused(postgres, monkeypatch):
    monkeypatch.setattr(DatabaseFeatures, "minimum_database_version", (99,))
    [fault] = faults_at(postgres._address("postgres"))
    assert fault.startswith("PostgreSQL 99 or later is required (found ")
    assert fault.endswith("): upgrade the database server.")


def test_a_server_that_does_not_know_the_time_zone_of_the_office_is_refused(postgres, monkeypatch):
    unknown = SimpleNamespace(TIME_ZONE="Asia/Atlantis", INSTALLED_APPS=[])
    monkeypatch.setattr(database_fitness, "settings", unknown)
    [fault] = faults_at(postgres._address("postgres"))
    assert fault.startswith("PostgreSQL does not know the time zone Asia/Atlantis: install")


def test_who_searches_for_a_capital_letter_is_warned_where_the_locale_knows_none(make):
    with using_database(make("plain", "ENCODING 'UTF8' LOCALE 'C'")):
        [warning] = database_checks.check_database(None, ["default"])
    assert warning.id == "gistagum.W002"
    with using_database(make("utf", "ENCODING 'UTF8' LOCALE 'C.UTF-8'")):
        assert database_checks.check_database(None, ["default"]) == []


def test_the_check_asks_the_database_only_where_it_is_asked_for():
    with using_database("postgres://ana@127.0.0.1:1/office"):
        assert database_checks.check_database(None, None) == []


def test_a_connection_of_the_check_is_closed(postgres):
    with using_database(postgres._address("postgres")):
        connection.close()
        before = len(postgres.serving())
        database_checks.check_database(None, ["default"])
        assert len(postgres.serving()) <= before


def test_a_start_refuses_it_with_one_line(make):
    done = run(make("bare", "ENCODING 'SQL_ASCII' LOCALE 'C'"), "./start.sh")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("gistagum: The database cannot be used. The encoding of database")


def test_the_command_check_says_it(make):
    done = run(
        make("checked", "ENCODING 'LATIN1' LOCALE 'C'"), sys.executable, "manage.py", "check", "--database", "default"
    )
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if "gistagum.E001" in line]
    assert "is LATIN1 and must be UTF8" in line


# --- SQLite -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, new_database) -> Path:
    """A folder with a database, one that may only be read, one that is none, and a folder that may only be read."""
    contents = Path(new_database("sqlite").removeprefix("sqlite:///")).read_bytes()
    locked = tmp_path / "locked"
    locked.mkdir()
    for path in (tmp_path / "good", tmp_path / "reading", locked / "good"):
        path.write_bytes(contents)
    (tmp_path / "text").write_text("This is the list of our projects, and no database at all.\n" * 20)
    (tmp_path / "reading").chmod(0o444)
    locked.chmod(0o555)
    return tmp_path


REFUSED = {
    "reading": "may not write",
    "locked/good": "write the file of DATABASE_URL and its folder",
    "locked/new": "unable to open database file: let the user of the site write the file",
    "locked": "unable to open database file",
    "text": "file is not a database: correct the path in DATABASE_URL",
    "text/new": "DATABASE_URL is in a folder that cannot be made",
    "locked/further/new": "DATABASE_URL is in a folder that cannot be made",
}
LOOK = """
import django, json, sys
django.setup()
from django.core.exceptions import ImproperlyConfigured
from tests.gistagum.test_database_fitness import faults_at
def look(path):
    try:
        return faults_at(f"sqlite:///{path}")
    except ImproperlyConfigured as error:
        return [str(error)]
print(json.dumps([look(path) for path in sys.argv[1:]]))
"""


def test_a_file_that_cannot_be_worked_with_is_refused(folder):
    """By somebody whom permissions concern, in a process of its own."""
    paths = [str(folder / path) for path in (*REFUSED, "good")]
    done = run(f"sqlite:///{folder}/good", *UNPRIVILEGED, sys.executable, "-c", LOOK, *paths)
    assert done.returncode == 0, done.stderr
    *found, good = json.loads(done.stdout)
    assert good == []
    for path, words, [fault] in zip(REFUSED, REFUSED.values(), found, strict=True):
        assert words in fault
        assert str(folder / path.split("/")[0]) in fault
        assert "\n" not in fault


def test_a_start_on_a_file_that_is_no_database_ends_with_one_line(folder):
    done = run(f"sqlite:///{folder}/text", "./start.sh")
    assert done.returncode == 1
    assert done.stderr == (
        f"gistagum: The database cannot be used. {folder}/text: file is not a database: correct the path in "
        "DATABASE_URL, or restore the file from a backup.\n"
    )
