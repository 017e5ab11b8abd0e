"""Revocation: a user who was just removed from a project gets no more of its events, while it changes rapidly.

The log determines the time: a removal writes an event, and no event of the project with a larger id may be delivered,
on any transport. A user who resumes from an old cursor gets no event of the project at all, not even those from before
the removal (docs/architecture/access.md, "One audience rule"). Events for the user's own key are still delivered: their
notifications, and the removal.
"""

import json
import re
import threading
import time
from collections.abc import Callable

import httpx
import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction

from projeng.access import Role
from projeng.models import Project
from realtime.log import replay
from tests.support import http
from tests.support.log import logged
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.site import running_on
from tests.support.sse import Refused as StreamRefused
from tests.support.sse import Stream
from tests.support.websocket import Refused, Socket

site = running_on("gunicorn-postgres", "daphne-sqlite")

API = "/projeng/api/realtime"
SOON = 2.0  # seconds within which a revocation must reach open connections


def deactivate(engineer: User, project: Project) -> None:
    engineer.is_active = False
    engineer.save()


# The ways to lose a project. The last two revoke everything.
REMOVALS: dict[str, Callable[[User, Project], object]] = {
    "remove": lambda engineer, project: project.assigned_engineers.remove(engineer),
    "set": lambda engineer, project: project.assigned_engineers.set([]),
    "clear": lambda engineer, project: project.assigned_engineers.clear(),
    "clear their own": lambda engineer, project: engineer.assigned_projects.clear(),
    "group": lambda engineer, project: engineer.groups.clear(),
    "group from its side": lambda engineer, project: Group.objects.get(name=Role.ENGINEER).user_set.remove(engineer),
    "project deleted": lambda engineer, project: project.delete(),
    "deactivated": deactivate,
    "account deleted": lambda engineer, project: engineer.delete(),
}
OUT = {"deactivated", "account deleted"}


class Writer(threading.Thread):
    """Renames projects with increasing numbers, one after the other, until it is stopped."""

    def __init__(self, projects: list[Project]) -> None:
        super().__init__(daemon=True)
        self.ids = [project.pk for project in projects]
        self.mark = 0
        self.stopping = threading.Event()
        self.fault: Exception | None = None

    def run(self) -> None:
        try:
            while not self.stopping.wait(0.01):
                for project_id in self.ids:
                    self.change(project_id)
        except Exception as error:  # noqa: BLE001 (the test reports it)
            self.fault = error
        finally:
            connection.close()

    @transaction.atomic
    def change(self, project_id: int) -> None:
        """Change a project, unless it was deleted."""
        project = Project.objects.select_for_update().filter(pk=project_id).first()
        if project is not None:
            self.mark += 1
            project.name = f"Mark {self.mark} of {project_id}"
            project.save()

    def further(self, marks: int) -> None:
        """Wait for this number of further changes."""
        goal = self.mark + marks
        wait_until(lambda: self.mark >= goal or not self.is_alive(), "the writer writes", 30)
        assert self.is_alive(), self.fault

    def stop(self) -> None:
        """Stop the thread."""
        self.stopping.set()
        self.join(20)


def of_project(project_id: int, user_id: int, after: int = 0) -> set[int]:
    """Return the ids of a project's events after ``after``, except for those with the user's own key."""
    events = logged().filter(pk__gt=after, fields__project_id=project_id)
    return {event.pk for event in events if f"user:{user_id}" not in event.audience}


class Watcher:
    """One engineer on one project, with an open connection of every kind.

    ``removed_at`` is the id of the removal's event.
    """

    def __init__(self, url: str, sockets: bool) -> None:
        self.url = url
        self.engineer = person(Role.ENGINEER)
        self.user_id = self.engineer.pk
        self.project = Project.objects.create(name="Mark 0", barangay="Apokon", project_cost=1_000_000)
        self.project_id = self.project.pk
        self.project.assigned_engineers.add(self.engineer)
        self.cookie = session_cookie(self.engineer)
        self.start = replay.head()
        address = f"{url}{API}/events/?topics=projects,notifications,dashboard"
        self.open: list[Stream | Socket] = [Stream(address, self.cookie), Stream(f"{url}{API}/projects/", self.cookie)]
        self.single = Stream(f"{url}{API}/projects/{self.project_id}/", self.cookie)
        self.ways: list[str] = ["stream", "old stream"]
        if sockets:
            self.ways += ["socket", "old socket"]
            self.open += [Socket(f"{url}/ws/events/", self.cookie), Socket(f"{url}/ws/projects/", self.cookie)]
        self.removed_at = 0

    def lose(self, how: str) -> None:
        """Revoke the project, and record the id of the event."""
        REMOVALS[how](self.engineer, self.project)
        names = {"authority_changed"}
        removals = logged().filter(pk__gt=self.start, type__in=names).order_by("-pk")
        self.removed_at = next(one.pk for one in removals if self.user_id in one.fields["user_ids"])
        self.removed = time.monotonic()

    def poll(self, cursor: int) -> httpx.Response:
        """Return the response to a poll."""
        query = {"last_event_id": cursor, "topics": "projects,notifications,dashboard"}
        return http.get(f"{self.url}{API}/poll/", params=query, headers={"Cookie": self.cookie}, timeout=20)

    def close(self) -> None:
        """Close everything."""
        for one in [*self.open, self.single]:
            one.close()


def marks(frames, project_id: int) -> list[int]:
    """Return the numbers of a project's changes in these frames."""
    return [int(mark) for mark in re.findall(rf"Mark (\d+) of {project_id}\b", json.dumps(list(frames)))]


@pytest.mark.timeout(120)
def test_nothing_of_a_project_is_handed_over_after_one_was_taken_off_it(site):
    watchers = {how: Watcher(site.url, sockets=site.server != "gunicorn") for how in REMOVALS}
    writer = Writer([watcher.project for watcher in watchers.values()])
    writer.start()
    try:
        writer.further(20)
        for watcher in watchers.values():  # each receives the project's events before the removal
            for one in watcher.open:
                one.wait_for(lambda frame: marks([frame], watcher.project_id), "a mark of their own", 20)  # noqa: B023
        seen_soon: dict[str, int] = {}
        for how, watcher in watchers.items():
            watcher.lose(how)
            gone(how, watcher, watcher.poll(watcher.start))  # a new request is subject to the removal at once
            writer.further(3)
        for how, watcher in watchers.items():
            time.sleep(max(0.0, watcher.removed + SOON - time.monotonic()))  # the guarantee applies after this time
            seen_soon[how] = writer.mark
        writer.further(30)
        last = replay.head()
        for how, watcher in watchers.items():
            settle(how, watcher, last)
            check(how, watcher, seen_soon[how])
            come_back(how, watcher, last)
    finally:
        writer.stop()
        for watcher in watchers.values():
            watcher.close()


def settle(how: str, watcher: Watcher, last: int) -> None:
    """Wait until everything up to ``last`` has been processed, or the connection has ended."""
    assert watcher.single.ended.wait(20), f"{how}: the project's own stream goes on"
    for one in watcher.open:
        if how in OUT:
            assert one.ended.wait(20), f"{how}: a connection goes on"
        else:
            one.wait_for_cursor(last, 30)


def check(how: str, watcher: Watcher, soon: int) -> None:
    """Assert that no event of the project after the removal, and no state from two seconds after it, was received."""
    forbidden = of_project(watcher.project_id, watcher.user_id, watcher.removed_at)
    assert forbidden or how == "project deleted", "nothing happened after the removal"
    for way, one in zip([*watcher.ways, "its own"], [*watcher.open, watcher.single], strict=True):
        received = {frame["id"] for frame in one.frames if "id" in frame and "at" in frame}
        assert not received & forbidden, (how, way)
        newest = max(marks(one.frames, watcher.project_id), default=0)
        assert newest <= soon, (how, way, f"mark {newest} is shown, and {soon} was the last that might be")


def gone(how: str, watcher: Watcher, answer: httpx.Response) -> None:
    """Assert that a poll with an old cursor returns nothing of the project."""
    if how in OUT:
        assert answer.status_code == 401, how
        return
    frames = answer.json()["frames"]
    received = {frame["id"] for frame in frames if "id" in frame}
    assert not received & of_project(watcher.project_id, watcher.user_id), how
    shown = [frame for frame in frames if frame["type"] == "project_status"]
    assert shown == [], how
    assert {frame["total_projects"] for frame in frames if frame["type"] == "dashboard_update"} <= {0}, how


def come_back(how: str, watcher: Watcher, last: int) -> None:
    """Assert that new streams and sockets with an old cursor return nothing of the project."""
    gone(how, watcher, watcher.poll(watcher.start))
    query = f"?topics=projects,notifications&last_event_id={watcher.start}"
    doors = [(Stream, StreamRefused, f"{API}/events/{query}")]
    if "socket" in watcher.ways:
        doors.append((Socket, Refused, f"/ws/events/{query}"))
    for door, refusal, address in doors:
        if how in OUT:
            with pytest.raises(refusal):
                door(watcher.url + address, watcher.cookie)
            continue
        with door(watcher.url + address, watcher.cookie) as one:
            one.wait_for_cursor(last, 30)
            received = {frame["id"] for frame in one.frames if "id" in frame and "at" in frame}
            assert not received & of_project(watcher.project_id, watcher.user_id), how
            assert not [frame for frame in one.frames if frame["type"] == "project_status"], how


ASSIGNMENTS = {
    "add": lambda engineer, project: project.assigned_engineers.add(person(Role.ENGINEER)),
    "add from their side": lambda engineer, project: person(Role.ENGINEER).assigned_projects.add(project),
    "remove from their side": lambda engineer, project: engineer.assigned_projects.remove(project),
    **{how: REMOVALS[how] for how in ("remove", "set", "clear", "clear their own", "account deleted")},
}


@pytest.mark.parametrize("how", ASSIGNMENTS)
def test_whoever_assigns_and_whoever_changes_the_project_do_not_wait_for_each_other(new_database, on_database, how):
    """Regression: a deadlock, in which one transaction held the project and the other the log."""
    global _postgres
    _postgres = _postgres or new_database("postgres")
    on_database(_postgres)
    engineer = person(Role.ENGINEER)
    project = Project.objects.create(name="Pier", barangay="Apokon")
    project.assigned_engineers.add(engineer)
    faults = []

    def assign() -> None:
        try:
            ASSIGNMENTS[how](engineer, project)
        except Exception as fault:  # noqa: BLE001 (the test reports it)
            faults.append(fault)
        finally:
            connection.close()

    with transaction.atomic():
        mine = Project.objects.select_for_update().get(pk=project.pk)
        other = threading.Thread(target=assign, daemon=True)
        other.start()
        wait_until(lambda: _waiting() or not other.is_alive(), "the other waits")
        mine.name = "Quay"
        mine.save()
    other.join(20)
    assert faults == []
    assert Project.objects.get(pk=project.pk).name == "Quay"


_postgres = ""


def _waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the same activity until its end
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0
