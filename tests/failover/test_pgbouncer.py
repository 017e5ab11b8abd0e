"""PgBouncer in transaction mode between everybody and PostgreSQL."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection

from gistagum.database import database_settings
from projeng import inbox
from projeng.access import Role
from projeng.models import Project
from tests.support.database import using_database
from tests.support.people import person
from tests.support.pgbouncer import PgBouncer
from tests.support.ports import wait_until
from tests.support.site import ROOT, Site
from tests.support.writers import ABANDONED, Writers

from .saving import Saver, faults_of
from .watching import Watchers

pytestmark = pytest.mark.timeout(180)

SIZE = 6  # connections to the server; the two sites have up to 44
ROLE = "pooled"  # has its own limits, which no other test may meet
WRITERS, TRANSACTIONS = 4, 40


@pytest.fixture
def pgbouncer(postgres, new_database, monkeypatch) -> Iterator[tuple[PgBouncer, str]]:
    """The pooler, and the address of a database through it. What is started from here knows of the pooler."""
    url = new_database("postgres")
    with psycopg.connect(url, autocommit=True) as direct:
        exists = direct.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone()
        direct.execute(f"ALTER ROLE {ROLE} RESET ALL" if exists else f"CREATE ROLE {ROLE} SUPERUSER LOGIN")
    monkeypatch.setenv("DATABASE_POOLER", "transaction")
    server = PgBouncer(postgres.port, SIZE, ROLE)
    yield server, server.address(url.rpartition("/")[2])
    server.stop()


@pytest.fixture
def on_pooler(pgbouncer, django_db_blocker) -> Iterator[PgBouncer]:
    """The test's own Django works through the pooler as well."""
    server, url = pgbouncer
    with django_db_blocker.unblock(), using_database(url, pooler="transaction"):
        yield server


def manage(*arguments: str, url: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "gistagum.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.long
def test_through_the_pooler_everybody_gets_every_event_once_and_in_order(on_pooler, pgbouncer, static_root, scratch):
    """Four processes write and two people save, while clients of every transport watch both servers."""
    _, url = pgbouncer
    heads = [person(Role.HEAD) for _ in range(2)]
    engineer = person(Role.ENGINEER)
    projects = [Project.objects.create(name=f"Old {number}", barangay="Apokon") for number in range(4)]
    pooled = {"STATIC_ROOT": static_root, "DATABASE_POOLER": "transaction"}
    with (
        Site(scratch / "gunicorn", url, "gunicorn", WEB_CONCURRENCY="2", **pooled) as gunicorn,
        Site(scratch / "daphne", url, "daphne", **pooled) as daphne,
    ):
        savers = [Saver(site, heads[0], site.server) for site in (gunicorn, daphne)]
        watchers = Watchers([gunicorn, daphne], heads)
        try:
            watchers.wait_until_connected()
            plan = {
                "projects": [project.pk for project in projects],
                "people": [user.pk for user in heads],
                "engineers": [engineer.pk],
            }
            with (
                savers[0],
                savers[1],
                Writers(url, 16, number=WRITERS, transactions=TRANSACTIONS, **plan) as at_work,
            ):
                wait_until(lambda: not at_work.busy(), "the writers are done", 90)
                outcome = at_work.outcome()
            assert faults_of(savers) == []
            assert all(one.saved for saver in savers for one in saver.attempts)
            number = watchers.wait_until_complete()
        finally:
            watchers.stop()
        assert number > outcome["committed"] > WRITERS * TRANSACTIONS / 2
        assert not Project.objects.filter(name__contains=ABANDONED).exists()
        for site in (gunicorn, daphne):
            assert "Traceback" not in site.log.read_text()
    report = manage("parity_report", "--json", url=url)
    assert report.returncode == 0, report.stderr


def test_rows_that_are_read_one_by_one_come_though_somebody_else_gets_the_connection(on_pooler, pgbouncer):
    """Forms and commands read with ``iterator()``. A cursor on the server would stay behind with its connection."""
    _, url = pgbouncer
    Group.objects.bulk_create(Group(name=f"Team {number:03}") for number in range(300))
    teams = Group.objects.filter(name__startswith="Team").order_by("name").values_list("name", flat=True)
    names = teams.iterator(chunk_size=10)
    seen = [next(names)]
    with psycopg.connect(url) as another, another.transaction():
        another.execute("SELECT 1")  # on the connection that was used last
        seen += names
    assert seen == [f"Team {number:03}" for number in range(300)]


def test_what_is_saved_in_a_transaction_is_on_one_connection_of_the_server(on_pooler):
    """More people at once than the pooler has connections: they wait, and nobody meets another's transaction."""
    user = person(Role.HEAD)
    many = threading.Barrier(3 * SIZE)

    def send(number: int) -> None:
        many.wait(20)
        inbox.send([user], f"Message {number}")
        connection.close()

    crowd = [threading.Thread(target=send, args=[number]) for number in range(many.parties)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join(60)
    messages = user.notifications.values_list("message", flat=True)
    assert sorted(messages) == sorted(f"Message {number}" for number in range(many.parties))


def test_start_up_options_are_refused_so_the_switch_is_needed(pgbouncer):
    _, url = pgbouncer
    with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter"):
        psycopg.connect(url, options=database_settings(url)["OPTIONS"]["options"])


def test_missing_limits_are_named_in_one_line_whose_statements_set_them(pgbouncer):
    server, url = pgbouncer
    said = manage("check", "--database", "default", url=url)
    assert said.returncode == 0, said.stderr
    [line] = [line for line in said.stderr.splitlines() if "gistagum.W001" in line]
    statements = re.findall(r"ALTER ROLE [^;]+;", line)
    assert len(statements) == 3
    assert line in manage("migrate", "--verbosity", "0", url=url).stderr, "at each start as well"
    with psycopg.connect(url, autocommit=True) as pooled:
        for statement in statements:
            pooled.execute(statement)
    server.console("RECONNECT")  # limits of a role apply to new connections

    def quiet() -> bool:
        said = manage("check", "--database", "default", url=url)
        assert said.returncode == 0, said.stderr
        return "gistagum.W001" not in said.stderr

    wait_until(quiet, "the check has nothing to say", 30)
    with psycopg.connect(url, autocommit=True) as pooled:
        assert pooled.execute("SHOW lock_timeout").fetchone() == ("15s",)
        assert pooled.execute("SHOW statement_timeout").fetchone() == ("30s",)
        assert pooled.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("2min",)


def test_without_a_pooler_the_check_has_nothing_to_say(new_database, monkeypatch):
    monkeypatch.delenv("DATABASE_POOLER", raising=False)
    said = manage("check", "--database", "default", url=new_database("postgres"))
    assert said.returncode == 0, said.stderr
    assert "gistagum.W001" not in said.stderr
