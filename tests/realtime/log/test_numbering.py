"""Numbering on PostgreSQL: each committed event gets one place, in order, whatever happens to whoever numbers."""

import contextlib
import itertools
import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.utils import timezone

import realtime.log.numberer
from realtime.log import counters, numbering, position, replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event, LogEpoch, OutboxEvent
from realtime.log.numberer import numberer
from realtime.log.numbering import Outcome
from realtime.log.numbering_postgresql import LOG_LOCK
from realtime.log.publish import Announcement, publish
from tests.support.numbering_gate import Point
from tests.support.ports import wait_until
from tests.support.sessions import SECONDS, DatabaseSession
from tests.support.site import ROOT

from .outbox import numbered, write

PUBLISHES = """
from django.db import transaction
from realtime.log.events import AuthorityChanged
from realtime.log.numbering_postgresql import LOG_LOCK
from realtime.log.publish import Announcement, publish
with transaction.atomic():
    publish((AuthorityChanged(user_ids=[1]), []))
"""
END_SECONDS = 15.0  # for a process to end, long before it would give up a silent server


def set_default(url: str, setting: str, value: str) -> None:
    """Change a setting's default for later connections to the database."""
    with psycopg.connect(url, autocommit=True) as control:
        name = control.info.dbname
        control.execute(f'ALTER DATABASE "{name}" SET {setting} = {value}')


def event(number: int, person_id: int | None = None) -> Announcement:
    return Announcement(AuthorityChanged(user_ids=[number]), [], person_id)


def starting(url: str, code: str) -> subprocess.Popen:
    """Start a process that executes this code with Django set up."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "gistagum.settings"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_who_finds_the_lock_taken_leaves_and_the_holder_finds_the_events_by_its_second_look(
    postgres_url, request, isolation
):
    set_default(postgres_url, "default_transaction_isolation", f"'{isolation}'")
    gate = request.getfixturevalue("gate")
    with DatabaseSession() as holder, DatabaseSession() as other:
        with gate.closed():
            other(write, 1)
            holding = holder.start(numbering.number)
            gate.wait_for()
            other(write, 2)
            left = other(numbering.number)
        assert (left.ids, left.outcome) == ([], Outcome.TAKEN)
        result = holding.result(SECONDS)
    assert result.outcome is Outcome.DONE
    assert numbered() == [1, 2]
    assert result.ids == list(Event.objects.order_by("id").values_list("id", flat=True))
    assert {used for _, used in gate.settings()} == {"read committed"}


def test_the_lowest_of_the_outbox_come_first_in_batches(gate, monkeypatch):
    monkeypatch.setattr(numbering, "BATCH", 2)
    with DatabaseSession() as first, DatabaseSession() as second:
        first.begin()
        first(write, 1, 2, 3)
        second.begin()
        second(write, 4)
        first(write, 5)
        second.commit()
        first.commit()
    result = numbering.number()
    assert numbered() == [1, 2, 3, 4, 5]
    assert result.ids == sorted(result.ids)
    assert len(result.ids) == 5
    assert gate.execute("SELECT count(DISTINCT xmin::text) FROM realtime_event") == [(3,)], "in three transactions"


def test_each_batch_is_told_once_it_is_committed_however_much_is_left(gate, monkeypatch):
    """Writers that never pause would otherwise keep everybody from hearing of what has its place."""
    monkeypatch.setattr(numbering, "BATCH", 2)
    told: list[tuple[int, list[int]]] = []
    with DatabaseSession() as other:
        write(1, 2, 3, 4, 5)
        numbering.number(lambda ids: told.append((other(Event.objects.count), ids)))
    ids = list(Event.objects.order_by("id").values_list("id", flat=True))
    assert told == [(2, ids[:2]), (4, ids[2:4]), (5, ids[4:])]


def test_the_moment_of_numbering_never_decreases_although_the_log_is_ahead_of_the_clock(gate):
    ahead = timezone.now() + timedelta(days=1)
    begun = timezone.now() - timedelta(minutes=1)
    write(1)
    numbering.number()
    first = Event.objects.get()
    assert begun < first.written_at <= first.at < ahead
    Event.objects.create(type="authority_changed", at=ahead, fields={"user_ids": [2]})  # by a server that is ahead
    write(3)
    numbering.number()
    write(4, 5)
    numbering.number()
    rows = list(Event.objects.order_by("id"))
    assert numbered() == [1, 2, 3, 4, 5]
    assert all(earlier.at <= later.at for earlier, later in pairwise(rows))
    assert {row.at for row in rows[1:]} == {ahead}
    assert rows[2].written_at < ahead


@pytest.mark.parametrize(
    ("default", "used"),
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_numbering_never_commits_below_synchronous_commit_on(postgres_url, request, default, used):
    set_default(postgres_url, "synchronous_commit", default)
    gate = request.getfixturevalue("gate")
    with DatabaseSession() as session:
        session(write, 1)
        session(numbering.number)
        assert gate.settings() == {(used, "read committed")}
        assert session.sql("SHOW synchronous_commit") == [(default,)], "what else this connection does is not concerned"
        assert session.sql("SHOW statement_timeout") == [("30s",)]


def test_on_a_database_that_is_read_only_the_commit_stands_and_the_log_says_so_once(
    postgres_url, on_database, caplog, monkeypatch
):
    monkeypatch.setattr(position, "WAIT_SECONDS", 0.05)
    set_default(postgres_url, "default_transaction_read_only", "on")
    on_database(postgres_url)
    with DatabaseSession() as writer, caplog.at_level(logging.INFO):
        writer.sql("SET default_transaction_read_only = off")  # this one began to write before
        for number in (1, 2):
            writer.begin()
            writer(publish, event(number))
            writer.commit()
            assert numberer.wait(numberer.request(), SECONDS)
        with DatabaseSession() as other, pytest.raises(DatabaseError, match="read-only"):
            other(numbering.number)
        assert replay.start(None).cursor == 0, "reading does not depend on numbering"
        assert OutboxEvent.objects.count() == 2
        lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(lines) == 1, lines
        assert "cannot be numbered" in lines[0]
        writer(numbering.number)
    assert numbered() == [1, 2]


@pytest.mark.parametrize("point", [Point.IN_MOVE, Point.IN_COMMIT])
def test_a_connection_that_is_terminated_in_the_middle_of_numbering_loses_and_doubles_nothing(gate, point):
    write(1, 2)
    with DatabaseSession() as killed:
        with gate.closed(point):
            failing = killed.start(numbering.number)
            pid = gate.wait_for()
            gate.execute(f"SELECT pg_terminate_backend({pid})")
            with pytest.raises(DatabaseError):
                failing.result(SECONDS)
        write(3)
        assert numbered() == []
        assert killed(numbering.number).outcome is Outcome.DONE, "the same thread goes on with another connection"
    assert numbered() == [1, 2, 3]
    assert not OutboxEvent.objects.exists()
    assert LogEpoch.objects.count() == 1


@pytest.mark.parametrize("point", [Point.IN_MOVE, Point.IN_COMMIT])
def test_a_process_that_is_stopped_while_it_numbers_holds_nothing(gate, postgres_url, point):
    write(1)
    with gate.closed(point):
        process = starting(postgres_url, "from realtime.log import numbering; numbering.number()")
        try:
            gate.wait_for(SECONDS)
        finally:
            process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: numbered() == [1], "the server goes on by itself")
        write(2)
        assert numbering.number().outcome is Outcome.DONE
        assert numbered() == [1, 2]
    finally:
        process.kill()
        process.communicate()


def test_a_request_that_comes_while_numbering_is_left_to_others_is_served_soon(gate, monkeypatch):
    """The thread rests then, and is not woken. It must not go on to wait until it would give its connection back."""
    monkeypatch.setattr(realtime.log.numberer, "FIRST_REST", 0.25)
    monkeypatch.setattr(realtime.log.numberer, "IDLE_SECONDS", 3 * SECONDS)
    with DatabaseSession() as other:
        other.begin()
        other.sql(f"SELECT pg_advisory_xact_lock({LOG_LOCK})")
        write(1)
        assert numberer.wait(numberer.request(), SECONDS)
        other.commit()
    assert numberer.wait(numberer.request(), SECONDS)
    assert numbered() == [1]


def test_two_that_number_at_once_give_each_event_one_place(gate):
    """Several sessions number whenever they can, while two others write."""
    over = threading.Event()

    def number_all() -> list[int]:
        given: list[int] = []
        while not over.is_set():
            given += numbering.number().ids
        return given + numbering.number().ids

    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(DatabaseSession()) for _ in range(2)]
        numberers = [stack.enter_context(DatabaseSession()) for _ in range(3)]
        given = [session.start(number_all) for session in numberers]
        written = [
            session.start(lambda start=start: [write(number) for number in range(start, 400, 2)])
            for start, session in enumerate(writers)
        ]
        for future in written:
            future.result(SECONDS)
        over.set()
        ids = [future.result(SECONDS) for future in given]
    assert sorted(itertools.chain(*ids)) == list(Event.objects.order_by("id").values_list("id", flat=True))
    assert sorted(numbered()) == list(range(400))
    for start in range(2):
        own = [number for number in numbered() if number % 2 == start]
        assert own == sorted(own), "the order in which each of them committed"
    assert not OutboxEvent.objects.exists()


def test_a_command_that_publishes_numbers_before_it_ends(gate, postgres_url):
    with starting(postgres_url, PUBLISHES) as process:
        assert process.wait(2 * SECONDS) == 0, process.stderr.read()
    assert numbered() == [1]


def test_a_command_that_cannot_number_ends_nevertheless(gate, postgres_url, postgres):
    """Its server process is stopped in the middle of numbering, and the next one who looks numbers the event."""
    with gate.closed(), starting(postgres_url, PUBLISHES) as process:
        stopped = [gate.wait_for()]
        with postgres.frozen(stopped):
            assert process.wait(END_SECONDS) == 0, process.stderr.read()
    wait_until(lambda: numbering.number().outcome is Outcome.DONE, "the next one numbers")
    assert numbered() == [1]


@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_counters_are_filled_in_with_the_state_after_the_last_event_of_the_batch(
    new_database, on_database, request, database
):
    on_database(new_database(database))
    leavers = "SELECT COUNT(*) FROM auth_user WHERE id <= {person}"
    counters.register_counter([AuthorityChanged], "leavers", leavers)
    request.addfinalizer(counters.counters.pop)
    with transaction.atomic():
        publish(
            Announcement(AuthorityChanged(user_ids=[1]), [], 10**6), Announcement(AuthorityChanged(user_ids=[2]), [])
        )
        User.objects.create(username="one")
        publish(event(3, 10**6))
        User.objects.create(username="two")
        publish(event(4, 10**6))
    replay.head()
    assert numbered() == [1, 2, 3, 4]
    shown = [row.fields.get("leavers") for row in Event.objects.order_by("id")]
    # On SQLite each call of publish() numbers, within the transaction.
    assert shown == ([2, None, 2, 2] if database == "postgres" else [0, None, 1, 2])
