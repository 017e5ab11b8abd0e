"""`manage.py copy_database`: another database with the same office, on which it goes on."""

import io
import json
import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.models import Max
from django.test import Client
from django.urls import reverse

from projeng.models import Notification, Project
from realtime.log import replay
from realtime.log.models import Event, LogEpoch, OutboxEvent
from realtime.rollout.presence import presence
from tests.support.epochs import said
from tests.support.full_office import contents, make_office
from tests.support.site import ROOT


def copy_into(target: str, source: str, *options: str, stdin: str = "") -> subprocess.CompletedProcess:
    """Copy as an operator does."""
    environment = {**os.environ, "DATABASE_URL": target, "DJANGO_SETTINGS_MODULE": "gistagum.settings"}
    command = [sys.executable, "manage.py", "copy_database", "--from", source, *options]
    return subprocess.run(
        command, cwd=ROOT, env=environment, timeout=90, capture_output=True, text=True, input=stdin, check=False
    )


def copy_here(source: str) -> str:
    """Copy into the database that is in use."""
    out = io.StringIO()
    call_command("copy_database", "--from", source, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.mark.parametrize(("one", "other"), [("sqlite", "postgres"), ("postgres", "sqlite")])
def test_everything_is_there_and_everybody_goes_on(new_database, on_database, one, other):
    source, target, back = new_database(one), new_database(other), new_database(one)
    on_database(source)
    cookie = make_office()
    before, newest = contents(), replay.head()
    given = Notification.objects.aggregate(newest=Max("pk"))["newest"] + 10
    done = copy_into(target, "-", "--json", stdin=f"{source}\n")
    assert (done.returncode, done.stderr) == (0, "")
    outcome = json.loads(done.stdout)
    assert outcome["rows"] >= sum(map(len, before.values()))
    assert outcome["cut"] == newest
    on_database(target)
    epoch = LogEpoch.objects.latest("pk")
    assert (epoch.pk, epoch.cut) == (outcome["epoch"], newest)
    after = contents()
    assert after.pop("realtime.Event")[:-1] == before.pop("realtime.Event")  # besides that of the epoch
    assert after == before
    assert replay.start(str(newest)).reset == "", "whoever has read everything goes on"
    assert replay.start(str(newest + 1)).reset == replay.LOST, "what nobody here has written"
    client = Client(headers={"cookie": cookie})
    assert client.get(reverse("dashboard")).status_code == 200, "still signed in"
    person = User.objects.get(first_name="Niño")
    note = Notification.objects.create(recipient=person, message="new")
    assert note.pk > given - 10, "an id that was given to a deleted one is not given again"
    assert Project.objects.create(name="New", barangay="Apokon").pk == 5, "four were made, the last one is deleted"
    assert replay.head() > epoch.begins
    assert not OutboxEvent.objects.exists()
    again = contents()
    on_database(back)
    copy_here(target)
    again.pop("realtime.Event")
    returned = contents()
    returned.pop("realtime.Event")
    assert returned == again
    assert LogEpoch.objects.latest("pk").begins > epoch.begins


def test_a_log_that_was_pruned_to_its_end_and_an_outbox_go_on(new_database, on_database):
    source, target = new_database("sqlite"), new_database("postgres")
    on_database(source)
    last = said(*range(20))[-1]
    Event.objects.all().update(at="2020-01-01T00:00:00Z")
    call_command("prune_events", trust_clock=True, verbosity=0)
    OutboxEvent.objects.create(pk=77, type="authority_changed", fields={"user_ids": []})
    on_database(target)
    copy_here(source)
    replay.head()
    assert LogEpoch.objects.latest("pk").cut >= last
    assert min(Event.objects.values_list("pk", flat=True)) > last
    assert set(Event.objects.values_list("type", flat=True)) == {"authority_changed", "epoch_began"}
    assert said(1)[0] > LogEpoch.objects.latest("pk").begins


# --- what is refused, with nothing copied -----------------------------------------------------------------------


@pytest.fixture
def sides(new_database, on_database) -> tuple[str, str]:
    """An SQLite database with an office, and a new PostgreSQL database, which is in use."""
    source, target = new_database("sqlite"), new_database("postgres")
    on_database(source)
    Project.objects.create(name="Road", prn="PRN-1", barangay="Apokon", created_by=User.objects.create_user("ana"))
    on_database(target)
    return source, target


def refused(source: str) -> str:
    before = contents()
    with pytest.raises(CommandError) as fault:
        copy_here(source)
    assert contents() == before
    assert "copied_from" not in connections.settings
    return str(fault.value)


def test_a_database_that_is_not_new_is_left_as_it_is(sides):
    User.objects.create_user("somebody")
    said = "The database to copy into is not new: it has rows of auth.User. Nothing was copied."
    assert refused(sides[0]) == said
    assert refused(sides[1]) == said, "nor is it copied into itself"


@pytest.mark.parametrize("running", [0, 1], ids=["from", "into"])
def test_a_site_that_runs_is_not_copied(sides, on_database, running):
    on_database(sides[running])
    presence.beat()
    on_database(sides[1])
    try:
        assert "stop it on all servers (one that was killed counts for 40 seconds)" in refused(sides[0])
    finally:
        on_database(sides[running])
        presence.leave()


def test_a_database_of_another_release_is_not_copied(sides, on_database, scratch):
    (scratch / "empty.sqlite3").touch()
    assert "copy from lacks" in refused(f"sqlite:///{scratch / 'empty.sqlite3'}")
    execute("INSERT INTO django_migrations (app, name, applied) VALUES ('projeng', '0099_later', now())")
    assert "copy into is of another release, which has projeng.0099_later." in refused(sides[0])
    execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    assert "copy into lacks 1 of this release's migrations, beginning with sessions.0001_initial" in refused(sides[0])


def test_an_address_that_leads_nowhere_is_said(sides, scratch):
    assert refused(f"sqlite:///{scratch / 'none.sqlite3'}").startswith(f"There is no file {scratch / 'none.sqlite3'}.")
    assert not (scratch / "none.sqlite3").exists()
    assert refused("mysql://u:secret@host/name") == "--from starts with 'mysql'; it may be sqlite:///… or postgres://…."


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE projeng_project SET name = %s", "projeng.Project 1 cannot be copied: value too long for type"),
        ("UPDATE projeng_project SET description = char(65, 0) || %s", "projeng.Project 1 cannot be copied: "),
        ("UPDATE projeng_project SET created_by_id = length(%s)", "A row refers to one that is not there: "),
    ],
)
def test_a_row_that_postgresql_does_not_take_is_named(sides, on_database, statement, reason):
    on_database(sides[0])
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        cursor.execute(statement, ["x" * 201])
    on_database(sides[1])
    assert refused(sides[0]).startswith(reason)


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
