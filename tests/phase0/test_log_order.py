"""The log under many writers at once: every committed event reaches everybody who may see it, once, in order.

Writers are processes of their own, readers are streams of a real Gunicorn and a real Daphne on the same database,
which disconnect and resume at random.
"""

import os
import random
import re
import threading
import time
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from projeng.access import Role
from projeng.events import NOTIFICATIONS, PROJECTS
from projeng.models import Project
from realtime.access import accounts, audience
from realtime.log import replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event
from realtime.log.publish import publish
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
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

    log = list(Event.objects.filter(id__gt=start).order_by("id"))
    resumed = sum(len(reader.connections) for reader in readers)
    print(f"{database}: {len(log)} events in {took:.1f} s, {outcome}, {resumed} connections")  # noqa: T201
    assert len(log) >= least
    assert outcome["abandoned"] > 0
    assert ABANDONED not in str([row.fields for row in log]), "an event of a transaction that was rolled back"
    marks = {mark for row in log for mark in re.findall(r"kept \d+\.\d+", str(row.fields))}
    assert len(marks) > outcome["committed"] / 3, "most texts are marked, so the check above means something"

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


def event(number: int) -> tuple[AuthorityChanged, list[str]]:
    return AuthorityChanged(user_ids=[number]), []


def waiting_for_the_log() -> int:
    """How many transactions wait for an advisory lock of this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        return cursor.fetchone()[0]


def test_on_postgresql_who_holds_the_log_keeps_others_waiting_until_the_commit(new_database, on_database):
    """Without that, a second writer draws a higher id, commits first, and a reader passes the lower one by."""
    on_database(new_database("postgres"))
    held, go_on = threading.Event(), threading.Event()
    visible: list[int] = []
    ids: dict[str, int] = {}

    def first() -> None:
        with transaction.atomic():
            ids["first"] = publish(event(1))[0].pk
            held.set()
            assert go_on.wait(SECONDS)
        connection.close()

    def second() -> None:
        assert held.wait(SECONDS)
        with transaction.atomic():
            ids["second"] = publish(event(2))[0].pk
            visible.extend(Event.objects.order_by("id").values_list("fields__user_ids__0", flat=True))
        connection.close()

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    wait_until(lambda: waiting_for_the_log() == 1, "the second writer waits for the log")
    assert "second" not in ids
    assert not Event.objects.exists()
    go_on.set()
    for thread in threads:
        thread.join(SECONDS)
    assert visible == [1, 2]
    assert ids["first"] < ids["second"]


def test_on_postgresql_a_writer_that_gives_up_lets_the_next_one_in(new_database, on_database):
    on_database(new_database("postgres"))
    held, go_on = threading.Event(), threading.Event()

    def gives_up() -> None:
        with transaction.atomic():
            publish(event(1))
            held.set()
            assert go_on.wait(SECONDS)
            transaction.set_rollback(True)
        connection.close()

    def follows() -> None:
        with transaction.atomic():
            publish(event(2))
        connection.close()

    threads = [threading.Thread(target=gives_up), threading.Thread(target=follows)]
    threads[0].start()
    assert held.wait(SECONDS)
    threads[1].start()
    wait_until(lambda: waiting_for_the_log() == 1, "the second writer waits for the log")
    go_on.set()
    for thread in threads:
        thread.join(SECONDS)
    assert [row.fields["user_ids"] for row in Event.objects.all()] == [[2]]


def test_on_postgresql_changes_that_write_no_event_do_not_wait_for_the_log(new_database, on_database):
    """Signing in, say: a long transaction of one person must not lock out everybody."""
    on_database(new_database("postgres"))
    user = person()
    held, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            publish(event(1))
            held.set()
            assert go_on.wait(SECONDS)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert held.wait(SECONDS)
    begun = time.monotonic()
    session_cookie(user)
    user.save(update_fields=["last_login"])
    assert time.monotonic() - begun < 5
    go_on.set()
    thread.join(SECONDS)


@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_ids_become_visible_in_order_to_somebody_who_only_looks(new_database, on_database, database):
    """A reader that always asks for what is after the last id that it saw, while four threads write."""
    on_database(new_database(database))
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed: {seed}")  # noqa: T201

    def write(number: int) -> None:
        rng = random.Random(f"{seed}/{number}")
        for _ in range(40):
            with transaction.atomic():
                publish(*(event(number) for _ in range(rng.randint(1, 3))))
                if rng.random() < 0.1:
                    time.sleep(0.005)  # slow to commit
                if rng.random() < 0.2:
                    transaction.set_rollback(True)
        connection.close()

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while True:
        working = any(thread.is_alive() for thread in threads)
        seen += [frame.id for frame in replay.tail(seen[-1] if seen else 0, 500)]
        if not working:
            break
    assert seen == list(Event.objects.order_by("id").values_list("id", flat=True)), f"seed {seed}"
    assert all(earlier < later for earlier, later in pairwise(seen))
    assert len(seen) > 160


def test_on_postgresql_a_project_is_deleted_while_its_progress_is_reported(new_database, on_database):
    """Both take the project and the log; whoever comes second waits, and neither is thrown out by a deadlock."""
    from projeng.models import ProjectProgress

    on_database(new_database("postgres"))
    person(Role.HEAD)
    project = Project.objects.create(name="Court", barangay="Apokon")
    failures: list[Exception] = []
    has_row, go_on = threading.Event(), threading.Event()

    def report() -> None:
        try:
            with transaction.atomic():
                Project.objects.select_for_update().get(pk=project.pk)  # as saving a report begins
                has_row.set()
                assert go_on.wait(SECONDS)
                ProjectProgress.objects.create(project=project, percentage_complete=50)
        except Exception as error:  # noqa: BLE001 (told to the test)
            failures.append(error)
        connection.close()

    def delete() -> None:
        try:
            Project.objects.get(pk=project.pk).delete()
        except Exception as error:  # noqa: BLE001 (told to the test)
            failures.append(error)
        connection.close()

    threads = [threading.Thread(target=report), threading.Thread(target=delete)]
    threads[0].start()
    assert has_row.wait(SECONDS)
    threads[1].start()

    def second_waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return cursor.fetchone()[0] == 1

    wait_until(second_waits, "the one who deletes waits")
    go_on.set()
    for thread in threads:
        thread.join(SECONDS)
    assert failures == []
    assert not Project.objects.exists()
