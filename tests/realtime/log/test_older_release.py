"""A release before the outbox writes beside this one, during a rolling upgrade or a rolling step back.

It holds the log's lock from before it inserts its events until its commit. Here it is raw SQL.
"""

import json
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import psycopg
from django.db import connection, transaction

from realtime.log import numbering, replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event, OutboxEvent
from realtime.log.numberer import numberer
from realtime.log.numbering import Outcome
from realtime.log.numbering_postgresql import LOG_LOCK
from realtime.log.publish import publish
from tests.support.commit_order import Placed, out_of_order
from tests.support.ports import wait_until
from tests.support.sessions import SECONDS, DatabaseSession

from .outbox import numbered, write

WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE 'SELECT pg_advisory%'"
PHASES = ((3, 0), (2, 2), (0, 3), (2, 2), (3, 0))  # how many writers of the older and of this release: up, and back
TRANSACTIONS = 20  # of each writer in a phase


def lock_and_insert(cursor: psycopg.Cursor, number: int) -> None:
    """What the older release does in the transaction of a change."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOG_LOCK])
    cursor.execute(
        "INSERT INTO realtime_event (type, at, fields, audience) "
        "VALUES ('authority_changed', clock_timestamp(), %s, '[]')",
        [json.dumps({"user_ids": [number]})],
    )


def test_events_that_the_older_release_is_writing_come_before_those_that_cannot_be_numbered_yet(gate, postgres_url):
    with psycopg.connect(postgres_url) as older, DatabaseSession() as newer:
        lock_and_insert(older.cursor(), 1)
        newer(write, 2)
        left = newer(numbering.number)
        assert (left.ids, left.outcome) == ([], Outcome.TAKEN)
        older.commit()
        newer(numbering.number)
    assert numbered() == [1, 2]


def test_the_older_release_waits_for_the_commit_of_a_numbering(gate, postgres_url):
    with psycopg.connect(postgres_url) as older, DatabaseSession() as newer:
        with gate.closed():
            newer(write, 1)
            holding = newer.start(numbering.number)
            gate.wait_for()
            thread = threading.Thread(target=lock_and_insert, args=[older.cursor(), 2])
            thread.start()
            wait_until(lambda: gate.execute(WAITS), "the older release waits")
        thread.join(SECONDS)
        assert holding.result(SECONDS).outcome is Outcome.DONE, "it found nothing more that it could see"
        older.commit()
    assert numbered() == [1, 2]


def test_writers_of_the_older_release_that_queue_for_the_lock_do_not_keep_this_one_from_it(postgres_url, on_database):
    """They hand the lock on to each other, so it is never free to be tried."""
    on_database(postgres_url)
    over = threading.Event()

    def save_on() -> None:
        with psycopg.connect(postgres_url) as older:
            while not over.is_set():
                lock_and_insert(older.cursor(), 1)
                time.sleep(0.01)
                older.commit()

    threads = [threading.Thread(target=save_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: Event.objects.count() > 10, "the older release writes")
        write(2)
        assert numbering.number().outcome is Outcome.TAKEN, "or this test would mean nothing"

        def numbered_now() -> bool:
            numberer.wait(numberer.request(), SECONDS)
            return not OutboxEvent.objects.exists()

        wait_until(numbered_now, "this release has its turn", SECONDS)
    finally:
        over.set()
        for thread in threads:
            thread.join(SECONDS)
    assert numbered().count(2) == 1


def test_an_event_that_was_left_to_the_older_release_is_numbered_once_its_lock_is_free(postgres_url, on_database):
    """Without a further request: nobody else may look at the outbox."""
    on_database(postgres_url)
    with psycopg.connect(postgres_url) as older:
        lock_and_insert(older.cursor(), 1)
        write(2)
        assert numberer.wait(numberer.request(), SECONDS)
        assert OutboxEvent.objects.exists()
        older.commit()
    wait_until(lambda: not OutboxEvent.objects.exists(), "it has its place", SECONDS)
    assert numbered() == [1, 2]


class Release:
    """Writers of one release, which record when each of their transactions began and was committed."""

    def __init__(self, save: Callable[[str, int, float, bool], None], url: str, numbers: count, seed: int) -> None:
        self.save, self.url, self.numbers, self.seed = save, url, numbers, seed
        self.times: dict[int, tuple[float, float]] = {}
        self.abandoned: set[int] = set()
        self.failures: list[Exception] = []

    def start(self, writers: int, phase: int) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=self._run, args=[f"{self.seed}/{self.save.__name__}/{phase}/{number}"])
            for number in range(writers)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _run(self, seed: str) -> None:
        rng = random.Random(seed)
        try:
            for _ in range(TRANSACTIONS):
                number, began, abandoned = next(self.numbers), time.monotonic(), rng.random() < 0.1
                self.save(self.url, number, rng.uniform(0, 0.01), abandoned)
                if abandoned:
                    self.abandoned.add(number)
                else:
                    self.times[number] = began, time.monotonic()
        except Exception as error:  # noqa: BLE001 (told to the test)
            self.failures.append(error)
        finally:
            connection.close()


def save_with_older(url: str, number: int, pause: float, abandoned: bool) -> None:
    """A save of the older release. ``pause``: seconds that the rest of the transaction takes."""
    with psycopg.connect(url) as session:
        lock_and_insert(session.cursor(), number)
        time.sleep(pause)
        if abandoned:
            session.rollback()


def save_with_newer(url: str, number: int, pause: float, abandoned: bool) -> None:
    """The same of this release, on the database of the test."""
    with transaction.atomic():
        publish((AuthorityChanged(user_ids=[number]), []))
        time.sleep(pause)
        transaction.set_rollback(abandoned)


def test_a_rolling_upgrade_and_a_rolling_step_back_with_writers_on_both(postgres_url, on_database):
    on_database(postgres_url)
    seed, numbers = random.SystemRandom().randrange(10**6), count(1)
    print(f"seed: {seed}")  # noqa: T201
    older, newer = (Release(save, postgres_url, numbers, seed) for save in (save_with_older, save_with_newer))
    over = threading.Event()
    seen: list[replay.Frame] = []

    def follow() -> None:
        while not over.is_set():
            seen.extend(replay.tail(seen[-1].id if seen else 0, 500))
            over.wait(0.005)
        connection.close()

    reader = threading.Thread(target=follow)
    reader.start()
    for phase, (olds, news) in enumerate(PHASES):
        for thread in [*older.start(olds, phase), *newer.start(news, phase)]:
            thread.join()
    replay.head()  # numbers what is left
    over.set()
    reader.join(SECONDS)
    seen += replay.tail(seen[-1].id, 10_000)

    assert older.failures == newer.failures == []
    assert not OutboxEvent.objects.exists()
    places = {row.fields["user_ids"][0]: row.pk for row in Event.objects.all()}
    assert len(places) == Event.objects.count(), "nothing is there twice"
    assert places.keys() == older.times.keys() | newer.times.keys(), "all that was committed, nothing else"
    assert len(older.times) + len(older.abandoned) == TRANSACTIONS * sum(olds for olds, _ in PHASES)
    assert len(newer.times) + len(newer.abandoned) == TRANSACTIONS * sum(news for _, news in PHASES)
    assert older.abandoned
    assert newer.abandoned
    assert [frame.id for frame in seen] == sorted(places.values()), f"no smaller id appeared later; seed {seed}"
    old, new = (
        [Placed(str(number), *release.times[number], places[number], places[number]) for number in release.times]
        for release in (older, newer)
    )
    assert out_of_order(new) == []
    # The older release does not number what this one has committed before. So its events may come before those.
    assert out_of_order([*old, *(replace(one, returned=math.inf) for one in new)]) == []
