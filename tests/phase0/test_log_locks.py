"""Locks of changes that publish events: nobody waits in a circle, and no save fails since an account is deleted."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction

from projeng import inbox
from projeng.access import Role
from projeng.models import Notification, Project, ProjectCost, ProjectProgress
from realtime.log import replay
from realtime.log.models import Event, OutboxEvent
from tests.support.people import person
from tests.support.ports import wait_until
from tests.support.sessions import SECONDS, DatabaseSession

MINUTES = float(os.environ.get("MINUTES", "0.25"))  # of the test at random; the long form takes 10


def waiting() -> int:
    """How many sessions of this database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0]


def deadlocks() -> int:
    """How many deadlocks PostgreSQL has seen in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


@pytest.fixture
def head(new_database, on_database) -> User:
    """A head on a PostgreSQL database of the test's own, where ``other_head`` is another."""
    on_database(new_database("postgres"))
    return person(Role.HEAD)


@pytest.fixture
def other_head(head) -> User:
    return person(Role.HEAD)


def test_a_project_is_deleted_while_its_progress_is_reported(head):
    """Both lock the project first; whoever comes second waits, and neither is thrown out by a deadlock."""
    project = Project.objects.create(name="Court", barangay="Apokon")
    with DatabaseSession() as reports, DatabaseSession() as deletes:
        reports.begin()
        reports(lambda: Project.objects.select_for_update().get(pk=project.pk))  # as saving a report begins
        deletion = deletes.start(lambda: Project.objects.get(pk=project.pk).delete())
        wait_until(lambda: waiting() == 1, "the one who deletes waits")
        reports(ProjectProgress.objects.create, project=project, percentage_complete=50)
        reports.commit()
        deletion.result(SECONDS)
    assert not Project.objects.exists()


def test_a_project_is_deleted_while_somebody_reads_what_was_said_of_it(head):
    """Both lock notifications in the order of their ids, although they do not lie in the table in that order."""
    project = Project.objects.create(name="Court", barangay="Apokon")
    inbox.send([head], "of the court, too", project)
    first, second = Notification.objects.order_by("pk")
    for is_read in (True, False):  # afterwards it lies behind the second one
        Notification.objects.filter(pk=first.pk).unannounced().update(is_read=is_read)
    with DatabaseSession() as reads, DatabaseSession() as deletes:
        reads.begin()
        reads(inbox.mark_read, head, first.pk)
        deletion = deletes.start(lambda: Project.objects.all().delete())
        wait_until(lambda: waiting() == 1, "the one who deletes waits")
        reads(inbox.mark_read, head)
        reads.commit()
        deletion.result(SECONDS)
    assert set(Notification.objects.filter(pk__in=[first.pk, second.pk]).values_list("project", "is_read")) == {
        (None, True)
    }
    assert deadlocks() == 0


def test_a_recipient_is_deleted_while_a_project_is_saved(head, other_head):
    """The deletion waits for the commit of the save, and then takes along what the save has sent."""
    project = Project.objects.create(name="Court", barangay="Apokon")
    with DatabaseSession() as saves, DatabaseSession() as deletes:
        project.name = "Hall"
        saves.begin()
        saves(project.save)
        deletion = deletes.start(lambda: User.objects.get(pk=other_head.pk).delete())
        wait_until(lambda: waiting() == 1 or deletion.done(), "the one who deletes waits")
        saves.commit()
        deletion.result(SECONDS)
    assert Project.objects.get().name == "Hall"
    assert not User.objects.filter(pk=other_head.pk).exists()
    assert set(Notification.objects.values_list("recipient", flat=True)) == {head.pk}


def test_a_project_is_saved_while_a_recipient_is_deleted(head, other_head):
    """The save waits for the commit of the deletion, and then sends nothing to whom no longer exists."""
    project = Project.objects.create(name="Court", barangay="Apokon")
    with DatabaseSession() as saves, DatabaseSession() as deletes:
        deletes.begin()
        deletes(lambda: User.objects.get(pk=other_head.pk).delete())
        project.name = "Hall"
        save = saves.start(project.save)
        wait_until(lambda: waiting() == 1, "the one who saves waits")
        deletes.commit()
        save.result(SECONDS)
    assert Project.objects.get().name == "Hall"
    assert Notification.objects.filter(recipient=head).count() == 2
    assert Notification.objects.count() == 2


def test_accounts_that_are_deleted_together_are_locked_before_the_first_is_unassigned(head, other_head):
    """Otherwise the projects and messages of the second would be locked after the account of the first."""
    leavers = [person(Role.ENGINEER), person(Role.ENGINEER)]
    project = Project.objects.create(name="Court", barangay="Apokon")
    project.assigned_engineers.set(leavers)
    inbox.send(leavers, "Farewell")
    with DatabaseSession() as saves, DatabaseSession() as deletes:
        saves.begin()
        saves(lambda: Project.objects.select_for_update().get(pk=project.pk))
        deletion = deletes.start(lambda: User.objects.filter(pk__in=[one.pk for one in leavers]).delete())
        wait_until(lambda: waiting() == 1, "the one who deletes waits for the project")
        saves(inbox.send, leavers, "One more")
        saves.commit()
        deletion.result(SECONDS)
    assert not Notification.objects.filter(message__in=["Farewell", "One more"]).exists()
    assert set(User.objects.values_list("pk", flat=True)) == {head.pk, other_head.pk}
    replay.head()
    unassigned = Event.objects.filter(type="assignment_changed").exclude(fields__unassigned=[])
    assert {row.fields["unassigned"][0]["id"] for row in unassigned} == {one.pk for one in leavers}


def test_saves_of_different_projects_that_notify_the_same_people_do_not_wait_for_each_other(head, other_head):
    with DatabaseSession() as first, DatabaseSession() as second:
        first.begin()
        first(Project.objects.create, name="Court", barangay="Apokon")
        second.begin()
        second(Project.objects.create, name="Hall", barangay="Apokon")
        second.commit()
        first.commit()
    replay.head()
    assert [row.fields["unread_count"] for row in Event.objects.filter(type="notification").order_by("id")][-1] == 2


class Crowd:
    """Threads that change the office at random until ``until``, and record how each change ended."""

    def __init__(self, seed: int, until: float) -> None:
        self.seed, self.until = seed, until
        self.ended: Counter[str] = Counter()
        self.failures: list[str] = []
        self.heads = [person(Role.HEAD) for _ in range(3)]
        self.engineers = [person(Role.ENGINEER) for _ in range(3)]
        self.projects = [Project.objects.create(name=f"Road {n}", barangay="Apokon").pk for n in range(6)]
        self._lock = threading.Lock()
        self._names = count()

    def run(self) -> None:
        """Work in several threads, and wait until all have ended."""
        kinds = [self.writes, self.writes, self.writes, self.reads, self.reads, self.assigns, self.deletes_accounts]
        threads = [
            threading.Thread(target=self._work, args=[work, random.Random(f"{self.seed}/{number}")])
            for number, work in enumerate(kinds)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, work: Callable[[random.Random], None], rng: random.Random) -> None:
        while time.monotonic() < self.until:
            try:
                work(rng)
                how = "done"
            except ObjectDoesNotExist:  # somebody has deleted it
                how = "gone"
            except Exception as error:  # noqa: BLE001 (told to the test)
                how = type(error).__name__
                self.failures.append(f"{work.__name__}: {error!r}")
            with self._lock:
                self.ended[f"{work.__name__} {how}"] += 1
        connection.close()

    def writes(self, rng: random.Random) -> None:
        kind = rng.randrange(6)
        if kind == 0:
            name = f"New {next(self._names)}"
            Project.objects.create(name=name, barangay="Apokon", created_by=rng.choice(self.heads))
            return
        if kind == 1:
            newest = Project.objects.exclude(pk__in=self.projects).order_by("-pk").first()
            if newest is not None:
                newest.delete()
            return
        project = Project.objects.get(pk=rng.choice(self.projects))
        if kind == 2:
            ProjectProgress.objects.create(project=project, percentage_complete=rng.randrange(100))
        elif kind == 3:
            ProjectCost.objects.create(project=project, cost_type="labor", amount=5, created_by=rng.choice(self.heads))
        else:
            project.name = f"Road {next(self._names)}"
            project.save()

    def reads(self, rng: random.Random) -> None:
        user = rng.choice([*self.heads, *self.engineers])
        newest = user.notifications.order_by("-pk").values_list("pk", flat=True).first()
        kind = rng.randrange(4)
        if kind == 0:
            inbox.mark_read(user)
        elif kind == 1:
            inbox.delete(user)
        elif newest is not None:
            (inbox.mark_read if kind == 2 else inbox.delete)(user, newest)

    def assigns(self, rng: random.Random) -> None:
        if rng.random() < 0.5:
            project = Project.objects.get(pk=rng.choice(self.projects))
            project.assigned_engineers.set(rng.sample(self.engineers, 2))
        else:  # this takes projects away, and then adds others; so all of them are locked before the first change
            with transaction.atomic():
                Project.lock_all(Project.objects.filter(pk__in=self.projects))
                rng.choice(self.engineers).assigned_projects.set(rng.sample(self.projects, 3))

    def deletes_accounts(self, rng: random.Random) -> None:
        """Somebody comes, is sent messages, is assigned to projects, enters something, and is deleted."""
        leaver = person(rng.choice([Role.HEAD, Role.HEAD, Role.ENGINEER]))
        leaver.assigned_projects.set(rng.sample(self.projects, 2))
        project = Project.objects.get(pk=rng.choice(self.projects))
        ProjectProgress.objects.create(project=project, percentage_complete=1, created_by=leaver)
        time.sleep(rng.uniform(0, 0.2))
        leaver.delete()


@pytest.mark.timeout(60 * MINUTES + 120)
def test_no_deadlock_among_writers_readers_assignments_and_deletions(new_database, on_database):
    """``MINUTES=10 make test ARGS=tests/phase0/test_log_locks.py`` is the long form."""
    on_database(new_database("postgres"))
    seed = int(os.environ.get("GISTAGUM_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed: {seed}")  # noqa: T201
    crowd = Crowd(seed, time.monotonic() + 60 * MINUTES)
    crowd.run()
    print(dict(crowd.ended))  # noqa: T201
    assert crowd.failures == []
    assert deadlocks() == 0
    for work in ("writes", "reads", "assigns", "deletes_accounts"):
        assert crowd.ended[f"{work} done"] > 3
    replay.head()
    assert not OutboxEvent.objects.exists()
