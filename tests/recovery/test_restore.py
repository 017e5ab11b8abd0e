"""An older state of the database is put back: beneath a running site, or while it is stopped. Every page is told."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from tests.support.ports import wait_until
from tests.support.site import ROOT, Site
from tests.support.tcp_relay import TcpRelay

from .clusters import Archiving, Database, Recovered
from .office import Office

pytestmark = pytest.mark.timeout(180)


def manage(url: str, *command: str) -> str:
    """Run a command of manage.py on a database, as an operator would."""
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "gistagum.settings"}
    run = [sys.executable, "manage.py", *command]
    return subprocess.run(run, cwd=ROOT, env=environment, check=True, timeout=60, capture_output=True, text=True).stdout


def before(office: Office) -> tuple[list, int, int]:
    """Live browsers, the cursor of sleeping ones, and where the history will be cut."""
    live = office.browsers("live")
    office.send("kept 1", "kept 2")
    valid = office.asleep("asleep before")
    cut = office.head()
    office.all_at_end()
    return live, valid, cut


def lose(office: Office, live: list) -> int:
    """What will be lost, seen by all. The cursor of those who fall asleep after it."""
    office.send("lost 1", "lost 2", "lost 3")
    office.all_at_end(live)
    return office.asleep("asleep after")


@pytest.mark.parametrize("running", [False, True], ids=["the site stopped", "beneath a running site"])
def test_an_older_dump(clusters, prepared, open_office, running):
    server = clusters(Database(prepared))
    office = open_office(server.url)
    live, valid, cut = before(office)
    backup = str(server.folder / "backup.dump")
    server.run("pg_dump", "--format=custom", f"--file={backup}", "office")
    lost = lose(office, live)
    if running:
        server.run("pg_restore", "--dbname=office", "--clean", "--if-exists", "--single-transaction", backup)
    else:
        office.site.stop()
        server.run("psql", "-d", "postgres", "-c", "DROP DATABASE office WITH (FORCE)")
        server.create("office", template="template0")
        server.run("pg_restore", "--dbname=office", "--single-transaction", backup)
        office.site.start()
    office.go_on(live, valid, lost, cut)
    if running:
        assert len(office.lines()) == 1


def test_recovery_to_a_moment_of_the_past(clusters, prepared, open_office, until_the_end):
    primary = clusters(Archiving(prepared))
    relay = until_the_end.enter_context(TcpRelay(primary.port))
    primary.back_up()
    office = open_office(f"postgres://gistagum@127.0.0.1:{relay.port}/office")
    live, valid, cut = before(office)
    primary.run("psql", "-d", "postgres", "-c", "SELECT pg_create_restore_point('before')")
    lost = lose(office, live)
    switched = primary.run("psql", "-d", "postgres", "-Atc", "SELECT pg_walfile_name(pg_switch_wal())")
    archived = f"SELECT last_archived_wal >= '{switched}' FROM pg_stat_archiver"
    wait_until(lambda: primary.run("psql", "-d", "postgres", "-Atc", archived) == "t", "everything is archived")
    primary.halt("immediate")
    recovered = clusters(Recovered(primary, "before"))
    in_recovery = "SELECT pg_is_in_recovery()"
    wait_until(lambda: recovered.run("psql", "-d", "postgres", "-Atc", in_recovery) == "f", "it is recovered")
    relay.lead_to(recovered.port)
    office.go_on(live, valid, lost, cut)
    assert len(office.lines()) == 1


def test_a_sqlite_file_that_is_put_back_and_told_of(new_database, open_office, scratch):
    url = new_database("sqlite")
    path = Path(url.removeprefix("sqlite:///"))
    office = open_office(url, "gunicorn")
    live, valid, cut = before(office)
    backup = scratch / "backup.sqlite3"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    lost = lose(office, live)
    office.site.stop()
    put_back(path, backup)
    assert f"those up to {cut} stay valid" in manage(url, "new_epoch")
    office.site.start()
    office.go_on(live, valid, lost, cut)


def test_the_office_moves_from_sqlite_to_postgresql(
    new_database, open_office, on_database, until_the_end, static_root, scratch
):
    source, target = new_database("sqlite"), new_database("postgres")
    office = open_office(source, "gunicorn")
    live, valid, _ = before(office)
    assert office.site.terminate() == 0
    assert "Epoch " in manage(target, "copy_database", "--from", source)
    on_database(target)
    moved = Site(scratch / "moved", target, "gunicorn", STATIC_ROOT=static_root, PORT=str(office.site.port))
    until_the_end.enter_context(moved)
    office.send("new 1", "new 2")
    woken = office.browsers("asleep before the move", valid)
    assert office.faults() == []
    assert [one.reasons for one in live + woken] == [[]] * len(live + woken), "nobody has to load anything again"
    kept = ["kept 1", "kept 2"]
    assert [one.messages() for one in live] == [[*kept, "new 1", "new 2"]] * len(live)


def put_back(path: Path, backup: Path) -> None:
    """What an operator does: the file is replaced, and what SQLite keeps beside it goes."""
    connection.close()  # that of the test itself
    for beside in ("-wal", "-shm"):
        Path(f"{path}{beside}").unlink(missing_ok=True)
    shutil.copy(backup, path)
