"""Another process's commit on SQLite is noticed at the database's file, long before the tail asks the database.

And where nothing was committed, the log is not read again.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections

from projeng import inbox
from projeng.access import Role
from realtime.delivery.database_file import DatabaseFile
from realtime.delivery.hub import TAIL_SECONDS
from realtime.log import replay
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.sse import Stream


@pytest.fixture
def other_process(tmp_path: Path, monkeypatch):
    """A connection to an SQLite file in WAL mode that is Django's default database."""
    path = tmp_path / "office.sqlite3"
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", str(path))
    other = sqlite3.connect(path)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE sheet (number)")
    other.commit()
    yield other
    other.close()


def file_clock_moves(folder: Path) -> Callable[[], bool]:
    """Whether a file that is written now has another time than before: file systems count in steps of milliseconds."""
    probe = folder / "probe"
    probe.touch()
    begun = probe.stat().st_mtime_ns

    def moved() -> bool:
        probe.touch()
        return probe.stat().st_mtime_ns > begun

    return moved


def test_each_commit_is_noticed_once(other_process, tmp_path):
    file = DatabaseFile()
    assert file
    file.written()
    for number in range(3):
        assert not file.written()
        wait_until(file_clock_moves(tmp_path), "the file system's clock has moved on")
        other_process.execute("INSERT INTO sheet VALUES (?)", [number])
        other_process.commit()
        assert file.written()


def test_what_is_read_or_rolled_back_is_no_commit(other_process):
    file = DatabaseFile()
    file.written()
    other_process.execute("SELECT * FROM sheet").fetchall()
    other_process.execute("INSERT INTO sheet VALUES (1)")
    other_process.rollback()
    assert not file.written()


def test_a_file_that_is_gone_is_not_written_to(other_process, tmp_path):
    file = DatabaseFile()
    other_process.close()  # the last connection removes the write-ahead log
    assert not (tmp_path / "office.sqlite3-wal").exists()
    assert not file.written()


@pytest.mark.parametrize(
    ("vendor", "name"),
    [("postgresql", __file__), ("sqlite", "file:memory?mode=memory&cache=shared"), ("sqlite", ":memory:")],
)
def test_other_databases_have_no_such_file(monkeypatch, vendor, name):
    monkeypatch.setattr(connections["default"], "vendor", vendor)
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", name)
    assert not DatabaseFile()


@pytest.fixture
def another(new_database, on_database):
    """Another connection to a database of the test's own."""
    url = new_database("sqlite")
    on_database(url)
    other = sqlite3.connect(url.removeprefix("sqlite:///"))
    other.execute("CREATE TABLE sheet (number)")
    other.commit()
    yield other
    other.close()


def write(other: sqlite3.Connection) -> None:
    other.execute("INSERT INTO sheet VALUES (1)")


def test_each_commit_of_another_connection_is_told_once(another):
    file = DatabaseFile()
    assert file.committed(), "whatever there is"
    for _ in range(3):
        assert not file.committed()
        write(another)
        assert not file.committed(), "it may still be rolled back"
        another.commit()
        assert file.committed()


def test_a_connection_that_was_opened_anew_cannot_tell_and_has_it_read(another):
    file = DatabaseFile()
    file.committed()
    connections["default"].close()
    assert file.committed()
    assert not file.committed()


@pytest.mark.parametrize(("vendor", "name"), [("postgresql", __file__), ("sqlite", ":memory:")])
def test_other_databases_are_read_whenever_there_is_a_reason(monkeypatch, vendor, name):
    monkeypatch.setattr(connections["default"], "vendor", vendor)
    monkeypatch.setitem(connections["default"].settings_dict, "NAME", name)
    file = DatabaseFile()
    assert file.committed()
    assert file.committed()


@pytest.mark.quiet
def test_a_commands_event_reaches_open_streams_at_once_without_redis(sites, on_database):
    """As `make demo` has it: one process serves, another makes the changes."""
    site = sites("daphne", "sqlite")
    on_database(site.database_url)
    user = person(Role.HEAD)
    stream = Stream(f"{site.url}/projeng/api/realtime/events/", session_cookie(user))
    stream.wait_for_cursor(replay.head())
    took = []
    for number in range(5):
        time.sleep(0.31)  # at all places within the interval of the tail
        begun = time.monotonic()
        inbox.send([user], f"Sheet {number}")
        took.append(stream.wait_for(lambda frame: frame["type"] == "notification").at - begun)
    stream.close()
    assert statistics.median(took) < TAIL_SECONDS / 5
