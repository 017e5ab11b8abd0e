"""Events of a project that one was just taken off, while it changes as fast as it can.

The log has the moment in it: what takes somebody off a project writes an event, and of what has a larger id nothing is
handed over, by whatever way one listens. Who comes back with an old cursor gets nothing of the project at all, also
not what was written while they were still on it (docs/architecture/access.md, "One audience rule"). What names the
person by their own key stays theirs: their notifications, and that they were taken off.
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
from realtime.log.models import Event
from tests.support.people import person, session_cookie
from tests.support.ports import wait_until
from tests.support.site import running_on
from tests.support.sse import Refused as StreamRefused
from tests.support.sse import Stream
from tests.support.websocket import Refused, Socket

site = running_on("gunicorn-postgres", "daphne-sqlite")

API = "/projeng/api/realtime"
SOON = 2.0  # seconds, within which what is taken from somebody must have reached open connections


def deactivate(engineer: User, project: Project) -> None:
    engineer.is_active = False
    engineer.save()


# How somebody loses a project; the last two lose everything.
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
    """Gives projects names with ever-growing numbers, one after the other, until it is told to stop."""

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
        except Exception as error:  # noqa: BLE001 (whatever it is, the test tells)
            self.fault = error
        finally:
            connection.close()

    @transaction.atomic
    def change(self, project_id: int) -> None:
        """One more change of a project, unless it is gone."""
        project = Project.objects.select_for_update().filter(pk=project_id).first()
        if project is not None:
            self.mark += 1
            project.name = f"Mark {self.mark} of {project_id}"
            project.save()

    def further(self, marks: int) -> None:
        """Wait until there have been so many more changes."""
        goal = self.mark + marks
        wait_until(lambda: self.mark >= goal or not self.is_alive(), "the writer writes", 30)
        assert self.is_alive(), self.fault

    def stop(self) -> None:
        """End it."""
        self.stopping.set()
        self.join(20)


def of_project(project_id: int, user_id: int, after: int = 0) -> set[int]:
    """The ids of the events of a project after one, but for those that name the person."""
    events = Event.objects.filter(pk__gt=after, fields__project_id=project_id)
    return {event.pk for event in events if f"user:{user_id}" not in event.audience}


class Watcher:
    """One engineer on one project, with everything open that can be.

    ``removed_at`` is the removal's place in the log.
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
        """Take the project away, and notice where in the log that was."""
        REMOVALS[how](self.engineer, self.project)
        names = {"authority_changed"}
        told = Event.objects.filter(pk__gt=self.start, type__in=names).order_by("-pk")
        self.removed_at = next(one.pk for one in told if self.user_id in one.fields["user_ids"])
        self.removed = time.monotonic()

    def poll(self, cursor: int) -> httpx.Response:
        """An answer to polling."""
        query = {"last_event_id": cursor, "topics": "projects,notifications,dashboard"}
        return httpx.get(f"{self.url}{API}/poll/", params=query, headers={"Cookie": self.cookie}, timeout=20)

    def close(self) -> None:
        """Close everything."""
        for one in [*self.open, self.single]:
            one.close()


def marks(frames, project_id: int) -> list[int]:
    """The numbers of the changes of a project that some frames show."""
    return [int(mark) for mark in re.findall(rf"Mark (\d+) of {project_id}\b", json.dumps(list(frames)))]


@pytest.mark.timeout(120)
def test_nothing_of_a_project_is_handed_over_after_one_was_taken_off_it(site):
    watchers = {how: Watcher(site.url, sockets=site.server != "gunicorn") for how in REMOVALS}
    writer = Writer([watcher.project for watcher in watchers.values()])
    writer.start()
    try:
        writer.further(20)
        for watcher in watchers.values():  # they do get what is theirs, until it is not
            for one in watcher.open:
                one.wait_for(lambda frame: marks([frame], watcher.project_id), "a mark of their own", 20)  # noqa: B023
        seen_soon: dict[str, int] = {}
        for how, watcher in watchers.items():
            watcher.lose(how)
            gone(how, watcher, watcher.poll(watcher.start))  # whoever asks anew is told at once
            writer.further(3)
        for how, watcher in watchers.items():
            time.sleep(max(0.0, watcher.removed + SOON - time.monotonic()))  # the promise is about this span
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
    """Wait until everything up to ``last`` has been looked at, or the connection is over."""
    assert watcher.single.ended.wait(20), f"{how}: the project's own stream goes on"
    for one in watcher.open:
        if how in OUT:
            assert one.ended.wait(20), f"{how}: a connection goes on"
        else:
            one.wait_for_cursor(last, 30)


def check(how: str, watcher: Watcher, soon: int) -> None:
    """Of the project nothing with a larger id than the removal's, and no state newer than two seconds after it."""
    forbidden = of_project(watcher.project_id, watcher.user_id, watcher.removed_at)
    assert forbidden or how == "project deleted", "nothing happened after the removal"
    for way, one in zip([*watcher.ways, "its own"], [*watcher.open, watcher.single], strict=True):
        told = {frame["id"] for frame in one.frames if "id" in frame and "at" in frame}
        assert not told & forbidden, (how, way)
        newest = max(marks(one.frames, watcher.project_id), default=0)
        assert newest <= soon, (how, way, f"mark {newest} is shown, and {soon} was the last that might be")


def gone(how: str, watcher: Watcher, answer: httpx.Response) -> None:
    """An answer to polling with an old cursor has nothing of the project any more."""
    if how in OUT:
        assert answer.status_code == 401, how
        return
    frames = answer.json()["frames"]
    told = {frame["id"] for frame in frames if "id" in frame}
    assert not told & of_project(watcher.project_id, watcher.user_id), how
    shown = [frame for frame in frames if frame["type"] == "project_status"]
    assert shown == [], how
    assert {frame["total_projects"] for frame in frames if frame["type"] == "dashboard_update"} <= {0}, how


def come_back(how: str, watcher: Watcher, last: int) -> None:
    """Nor have streams and sockets that are opened with a cursor from before."""
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
            told = {frame["id"] for frame in one.frames if "id" in frame and "at" in frame}
            assert not told & of_project(watcher.project_id, watcher.user_id), how
            assert not [frame for frame in one.frames if frame["type"] == "project_status"], how


ASSIGNMENTS = {
    "add": lambda engineer, project: project.assigned_engineers.add(person(Role.ENGINEER)),
    "add from their side": lambda engineer, project: person(Role.ENGINEER).assigned_projects.add(project),
    "remove from their side": lambda engineer, project: engineer.assigned_projects.remove(project),
    **{how: REMOVALS[how] for how in ("remove", "set", "clear", "clear their own", "account deleted")},
}


@pytest.mark.parametrize("how", ASSIGNMENTS)
def test_whoever_assigns_and_whoever_changes_the_project_do_not_wait_for_each_other(new_database, on_database, how):
    """It ended in a deadlock: the one had the project and waited for the log, the other had the log and waited."""
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
        except Exception as fault:  # noqa: BLE001 (whatever it is, the test tells)
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
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0
