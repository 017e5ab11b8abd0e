"""The log under many writers at once: every committed event reaches everybody who may see it, once, in order.

Writers are processes of their own, readers are streams of a real Gunicorn and a real Daphne on the same database,
which disconnect and resume at random.
"""

import os
import random
import re
import threading
import time
from collections.abc import Iterable
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from projeng import inbox
from projeng.access import Role
from projeng.events import NOTIFICATIONS, PROJECTS
from projeng.models import Project
from realtime.access import accounts, audience
from realtime.log import replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event, OutboxEvent
from realtime.log.publish import publish
from tests.support.commit_order import Placed, out_of_order
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.sessions import DatabaseSession
from tests.support.site import Site
from tests.support.sse import Stream
from tests.support.writers import ABANDONED, Writers

SECONDS = 20


class Reader(threading.Thread):
    """Somebody with a poor connection: reads a little, vanishes, and resumes where the stream stood."""

    def __init__(self, name: str, site: Site, user: User, seed: str, cursor: int, over: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.site, self.user, self.over = site, user, over
        self.cookie = session_cookie(user)
        self.rng = random.Random(seed)
        self.cursor = cursor
        self.connections: list[list[dict]] = []  # the frames of each, in order
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.over.is_set():
                with self.open() as stream:
                    far = self.cursor + self.rng.randint(1, 150)
                    deadline = time.monotonic() + self.rng.uniform(0.1, 2)
                    while int(stream.cursor or 0) < far and time.monotonic() < deadline and not self.over.is_set():
                        stream.ended.wait(0.02)
                self.leave(stream)
        except BaseException as error:  # noqa: BLE001 (told to the test, which fails)
            self.failure = error

    def open(self) -> Stream:
        """Resume by the header or by the query."""
        url = f"{self.site.url}/projeng/api/realtime/events/?topics={NOTIFICATIONS},{PROJECTS}"
        if self.rng.random() < 0.5:
            return Stream(url, self.cookie, last_event_id=str(self.cursor))
        return Stream(f"{url}&last_event_id={self.cursor}", self.cookie)

    def leave(self, stream: Stream) -> None:
        """Remember what came, after the stream was closed (so that nothing more comes)."""
        self.connections.append([frame for frame in stream.frames if "id" in frame])
        assert not [frame for frame in stream.frames if frame["type"] in {"reset", "error"}]
        self.cursor = int(stream.cursor or self.cursor)

    def finish(self) -> None:
        """Read the rest of the log."""
        self.join(SECONDS)
        assert not self.is_alive()
        if self.failure:
            raise self.failure
        with self.open() as stream:
            stream.wait_for_cursor(replay.head(), SECONDS)
        self.leave(stream)


def placed(log: Iterable[Event], times: dict[str, tuple[float, float]]) -> list[Placed]:
    """The committed transactions whose marks are in the log.

    A mark is first seen in the transaction's own events. Later ones repeat the names of projects, but not messages.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for row in log:
        for mark in re.findall(r"kept \d+\.\d+", str(row.fields)):
            first.setdefault(mark, row.pk)
        for mark in re.findall(r"Message (kept \d+\.\d+)", str(row.fields)):
            last[mark] = row.pk
    return [Placed(mark, *times[mark], place, last.get(mark, place)) for mark, place in first.items()]


def last_counts(people: Iterable[User]) -> dict[int, int]:
    """The unread count in the last event of each person that carries one: what their badges show in the end."""
    counts = {}
    for user in people:
        last = Event.objects.filter(audience=[audience.user_key(user.pk)], fields__has_key="unread_count").last()
        counts[user.pk] = last.fields["unread_count"] if last else 0
    return counts


def unread_now(people: Iterable[User]) -> dict[int, int]:
    """The number of unread notifications of each person in the database."""
    return inbox.unread_counts([user.pk for user in people])


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("database", "writers", "transactions", "least"), [("postgres", 8, 130, 2_000), ("sqlite", 4, 60, 450)]
)
def test_every_reader_gets_every_committed_event_that_it_may_see_once_and_in_order(
    new_database, on_database, tmp_path, database, writers, transactions, least
):
    seed = int(os.environ.get("GISTAGUM_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed: {seed} (GISTAGUM_TEST_SEED={seed} repeats it)")  # noqa: T201
    url = new_database(database)
    on_database(url)
    people = {
        "head": person(Role.HEAD),
        "first engineer": person(Role.ENGINEER),
        "second engineer": person(Role.ENGINEER),
        "finance": person(Role.FINANCE),
        "nobody": person(),
    }
    projects = [Project.objects.create(name=f"Old {number}", barangay="Apokon") for number in range(6)]
    for number, project in enumerate(projects[:4]):
        project.assigned_engineers.add(people["first engineer" if number % 2 else "second engineer"])
    start = replay.head()
    over = threading.Event()
    with (
        Site(tmp_path / "gunicorn", url, "gunicorn", LOG_LEVEL="WARNING") as gunicorn,
        Site(tmp_path / "daphne", url, "daphne", LOG_LEVEL="WARNING") as daphne,
    ):
        readers = [
            Reader(f"{name} on {site.server}", site, user, f"{seed}/{name}/{site.server}", start, over)
            for site in (gunicorn, daphne)
            for name, user in people.items()
        ]
        plan = {
            "projects": [project.pk for project in projects],
            "people": [user.pk for user in people.values()],
            "engineers": [people["first engineer"].pk, people["second engineer"].pk],
        }
        begun = time.monotonic()
        with Writers(url, seed, number=writers, transactions=transactions, **plan) as at_work:
            for reader in readers:
                reader.start()
            wait_until(lambda: not at_work.busy(), "the writers are done", 120)
            outcome = at_work.outcome()
        took = time.monotonic() - begun
        over.set()
        for reader in readers:
            reader.finish()

    replay.head()  # numbers what a writer may have left
    log = list(Event.objects.filter(id__gt=start).order_by("id"))
    resumed = sum(len(reader.connections) for reader in readers)
    print(f"{database}: {len(log)} events in {took:.1f} s, {outcome}, {resumed} connections")  # noqa: T201
    assert len(log) >= least
    assert outcome["abandoned"] > 0
    assert ABANDONED not in str([row.fields for row in log]), "an event of a transaction that was rolled back"
    transactions = placed(log, at_work.times)
    assert len(transactions) > outcome["committed"] / 3, "most texts are marked, so the check above means something"
    assert out_of_order(transactions) == [], f"seed {seed}"
    assert last_counts(people.values()) == unread_now(people.values()), f"seed {seed}"
    assert all(earlier.at <= later.at for earlier, later in pairwise(log))

    keys = audience.keys_of(accounts.read([user.pk for user in people.values()]))
    for reader in readers:
        held = keys[reader.user.pk]
        expected = [
            row.pk
            for row in log
            if replay.Frame(row).topic in {NOTIFICATIONS, PROJECTS} and audience.may_see(held, frozenset(row.audience))
        ]
        got = [frame["id"] for frames in reader.connections for frame in frames]
        assert len(reader.connections) > 2, f"{reader.name} has hardly ever resumed"
        assert set(got) == set(expected), (
            f"{reader.name} missed {sorted(set(expected) - set(got))[:9]}, "
            f"should not have seen {sorted(set(got) - set(expected))[:9]}; seed {seed}"
        )
        assert got == expected, f"{reader.name} got events twice or out of order; seed {seed}"
    seen = {reader.name.partition(" on ")[0]: sum(map(len, reader.connections)) for reader in readers}
    assert seen["head"] > seen["finance"] > seen["nobody"] > 0
    assert seen["finance"] > seen["first engineer"] > seen["nobody"]


# --- how that comes ---------------------------------------------------------------------------------------------


def event(*numbers: int) -> tuple[AuthorityChanged, list[str]]:
    return AuthorityChanged(user_ids=list(numbers)), []


def numbers() -> list[list[int]]:
    """What ``event`` was called with for each event, in the order of the log, once everything has its place."""
    replay.head()
    return list(Event.objects.order_by("id").values_list("fields__user_ids", flat=True))


def test_on_postgresql_who_commits_first_comes_first_although_it_wrote_later(new_database, on_database):
    on_database(new_database("postgres"))
    with DatabaseSession() as early, DatabaseSession() as late:
        early.begin()
        early(publish, event(1))
        late.begin()
        late(publish, event(2), event(3))
        late.commit()  # while the other one's transaction is open
        assert numbers() == [[2], [3]]
        early(publish, event(4))
        early.commit()
        assert numbers() == [[2], [3], [1], [4]]


def test_on_postgresql_a_writer_that_gives_up_leaves_nothing_and_delays_nobody(new_database, on_database):
    on_database(new_database("postgres"))
    with DatabaseSession() as gives_up, DatabaseSession() as other:
        gives_up.begin()
        gives_up(publish, event(1))
        other.begin()
        other(publish, event(2))
        other.commit()
        gives_up.roll_back()
        assert numbers() == [[2]]
        other.begin()
        other(publish, event(3))
        other.commit()
        assert numbers() == [[2], [3]]
        assert not OutboxEvent.objects.exists()


def test_on_postgresql_a_long_transaction_delays_nobody_elses_save_and_nobody_elses_events(new_database, on_database):
    """An import of many rows, say. What the others do would wait until it ends, which is after they have done it."""
    on_database(new_database("postgres"))
    head, engineer = person(Role.HEAD), person(Role.ENGINEER)
    old = Project.objects.create(name="Old", barangay="Apokon")

    def import_rows() -> None:
        Project.objects.bulk_create(Project(name=f"Row {n}", prn=f"PRN-{n}", barangay="Apokon") for n in range(2_000))
        for number in range(20):
            Project.objects.create(name=f"Imported {number}", barangay="Apokon")

    def others_work() -> None:
        old.name = "Renamed"
        old.save()
        old.assigned_engineers.add(engineer)
        inbox.send([head, engineer], "Hello")
        inbox.mark_read(head)
        session_cookie(head)
        head.save(update_fields=["last_login"])

    with DatabaseSession() as importer, DatabaseSession() as other:
        importer.begin()
        importer(import_rows)
        before = replay.head()
        other(others_work)
        replay.head()
        said = set(Event.objects.filter(id__gt=before).values_list("type", flat=True))
        assert {"project_updated", "assignment_changed", "notification", "notifications_read"} <= said
        assert not OutboxEvent.objects.exists()
        assert not Event.objects.filter(type="projects_changed").exists()
        importer.commit()
        replay.head()
        assert Event.objects.filter(id__gt=before, type="projects_changed").count() == 1
        assert Event.objects.filter(id__gt=before, type="project_created").count() == 20
    assert last_counts([head, engineer]) == unread_now([head, engineer])


@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_ids_become_visible_in_order_to_somebody_who_only_looks(new_database, on_database, database):
    """A reader that always asks for what is after the last id that it saw, while four threads write."""
    on_database(new_database(database))
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed: {seed}")  # noqa: T201

    def write(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")
        for transaction_number in range(40):
            with transaction.atomic():
                for place in range(rng.randint(1, 3)):
                    publish(event(number, transaction_number, place, 0), event(number, transaction_number, place, 1))
                if rng.random() < 0.1:
                    time.sleep(0.005)  # slow to commit
                if rng.random() < 0.2:
                    transaction.set_rollback(True)
        connection.close()

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    seen: list[replay.Frame] = []
    while True:
        working = any(thread.is_alive() for thread in threads)
        if not working:
            replay.head()  # numbers the rest
        seen += replay.tail(seen[-1].id if seen else 0, 500)
        if not working:
            break
    ids = [frame.id for frame in seen]
    assert ids == list(Event.objects.order_by("id").values_list("id", flat=True)), f"seed {seed}"
    assert all(earlier < later for earlier, later in pairwise(ids))
    assert len(ids) > 320
    for number in range(4):
        own = [frame.fields["user_ids"] for frame in seen if frame.fields["user_ids"][0] == number]
        assert own == sorted(own), f"a writer's transactions, and the events of each, keep their order; seed {seed}"
