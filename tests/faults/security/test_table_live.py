"""Streams, sockets and polls for every role and topic: who may connect, and exactly which events are delivered.

The same changes happen for all roles: two projects change, the engineer is assigned to one of them, and each user gets
a notification. A table states which events each role receives, independently of the code that decides it.
"""

import json

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from projeng import inbox
from projeng.access import Role
from projeng.models import Project, ProjectCost, ProjectProgress
from projeng.routing import websocket_urlpatterns
from realtime.log import replay
from tests.support import http
from tests.support.log import logged
from tests.support.people import person, session_cookie
from tests.support.site import running_on
from tests.support.sse import Refused as StreamRefused
from tests.support.sse import Stream
from tests.support.websocket import Refused, Socket

from .rules import ALL, IN, OUT, ROLES

site = running_on("daphne-postgres")

API = "/projeng/api/realtime"
TOPICS = {"notifications": {"own"}, "projects": {"projects"}, "dashboard": set()}
# The topics of each path. A path that is missing here fails the first test.
SOCKETS = {"ws/notifications/": "notifications", "ws/projects/": "projects", "ws/events/": ""}
COMBINATIONS = ["notifications", "projects", "dashboard", "notifications,projects", "notifications,projects,dashboard"]
# The projects that each role sees, of the two.
SEES = (
    dict.fromkeys(ROLES, frozenset())
    | dict.fromkeys(ALL, frozenset({"ours", "theirs"}))
    | {
        "engineer": frozenset({"ours"}),
        "other engineer": frozenset({"theirs"}),
    }
)


def test_every_socket_address_is_in_the_table():
    assert {str(pattern.pattern) for pattern in websocket_urlpatterns} == set(SOCKETS)


class Happening:
    """The users and the two projects. Their events come after the cursor ``before``."""

    def __init__(self) -> None:
        groups = {
            "engineer": Role.ENGINEER,
            "other engineer": Role.ENGINEER,
            "finance": Role.FINANCE,
            "head": Role.HEAD,
        }
        flags = {"superuser": {"is_superuser": True, "is_staff": True}, "staff": {"is_staff": True}}
        self.people: dict[str, User] = {
            role: person(groups.get(role, Role.HEAD if role in OUT else None), **flags.get(role, {}))
            for role in ROLES
            if role != "anonymous"
        }
        self.cookies = {role: session_cookie(user) for role, user in self.people.items()} | {"anonymous": ""}
        self.projects = {
            name: Project.objects.create(name=f"Name of {name}", barangay="Apokon") for name in ("ours", "theirs")
        }
        self.projects["ours"].assigned_engineers.add(self.people["engineer"])
        self.projects["theirs"].assigned_engineers.add(self.people["other engineer"])
        Session.objects.filter(session_key=self.cookies["signed out"].partition("=")[2]).delete()
        self.people["disabled"].is_active = False
        self.people["disabled"].save()
        self.before = replay.head()

    def happens(self) -> None:
        """Make a change of each kind to each project, and send a notification to each user."""
        for project in self.projects.values():
            project.description = f"Changed {project.name}"
            project.save()
            project.status = "in_progress"
            project.save()
            ProjectProgress.objects.create(project=project, percentage_complete=7)
            ProjectCost.objects.create(project=project, cost_type="labor", amount=10)
        for role, user in self.people.items():
            inbox.send([user], f"For {role} alone")

    def expected(self, role: str, topics: str) -> set[int]:
        """Return the ids of the events that a subscriber of these topics receives."""
        kinds = set().union(*(TOPICS[topic] for topic in topics.split(",")))
        ids = {project.pk: name for name, project in self.projects.items()}
        user = self.people[role].pk
        found = set()
        for event in logged().filter(pk__gt=self.before):
            named = ids.get(event.fields.get("project_id"))
            if "projects" in kinds and named in SEES[role]:
                found.add(event.pk)
            if "own" in kinds and event.type == "notification" and event.audience == [f"user:{user}"]:
                found.add(event.pk)
        return found


def event_ids(frames) -> set[int]:
    """Return the ids of the events in these frames."""
    return {frame["id"] for frame in frames if "id" in frame and "at" in frame}


def shows_only(role: str, happening: Happening, frames) -> None:
    """Assert that no frame mentions a project that the user may not see, or another user's notification."""
    said = json.dumps(list(frames))
    for name in happening.projects.keys() - SEES[role]:
        assert f"Name of {name}" not in said, role
    for other in happening.people.keys() - {role}:
        assert f"For {other} alone" not in said, role
    for frame in frames:
        if frame["type"] == "dashboard_update":
            assert role in ALL or frame["total_projects"] == len(SEES[role]), (role, frame)


@pytest.mark.timeout(180)
def test_everybody_is_handed_what_the_table_gives_them_and_no_more(site):
    happening = Happening()
    url = site.url
    opened: list[tuple[str, str, str, Stream | Socket]] = []
    polls: list[tuple[str, str]] = []
    try:
        for role in ROLES:
            cookie = happening.cookies[role]
            for topics in COMBINATIONS:
                query = f"?topics={topics}"
                if role in OUT:
                    refused(url, cookie, query)
                    continue
                opened.append((role, topics, "stream", Stream(f"{url}{API}/events/{query}", cookie)))
                opened.append((role, topics, "socket", Socket(f"{url}/ws/events/{query}", cookie)))
                polls.append((role, topics))
            for address, topics in SOCKETS.items():
                if role in OUT:
                    with pytest.raises(Refused, match="403"):
                        Socket(f"{url}/{address}", cookie)
                else:
                    topics = topics or COMBINATIONS[-1]
                    opened.append((role, topics, address, Socket(f"{url}/{address}", cookie)))
            one_project(url, happening, role)
        happening.happens()
        last = replay.head()
        for role in sorted(IN):  # also for those who reconnect with the cursor from before
            for topics in COMBINATIONS:
                query, cookie = f"?topics={topics}&last_event_id={happening.before}", happening.cookies[role]
                opened.append((role, topics, "replay", Stream(f"{url}{API}/events/{query}", cookie)))
                opened.append((role, topics, "replay", Socket(f"{url}/ws/events/{query}", cookie)))
        for role, topics, what, one in opened:
            one.wait_for_cursor(last, 30)
            assert event_ids(one.frames) == happening.expected(role, topics), (role, topics, what)
            shows_only(role, happening, one.frames)
        for role, topics in polls:
            frames = poll(url, happening, role, topics)
            assert event_ids(frames) == happening.expected(role, topics), (role, topics)
            shows_only(role, happening, frames)
    finally:
        for *_, one in opened:
            one.close()


def refused(url: str, cookie: str, query: str) -> None:
    """Assert that a signed-out user gets no stream, socket or poll."""
    with pytest.raises(StreamRefused) as stream:
        Stream(f"{url}{API}/events/{query}", cookie)
    assert (stream.value.status, json.loads(stream.value.body)["message"]) == (401, "Not signed in.")
    with pytest.raises(Refused, match="403"):
        Socket(f"{url}/ws/events/{query}", cookie)
    answer = http.get(f"{url}{API}/poll/{query}", headers={"Cookie": cookie})
    assert (answer.status_code, answer.json()) == (401, {"type": "error", "message": "Not signed in."})


def one_project(url: str, happening: Happening, role: str) -> None:
    """Check the stream of one project. Users who may not see it get the same response as for a missing project."""
    for name, project in happening.projects.items():
        address = f"{url}{API}/projects/{project.pk}/"
        if name in SEES[role]:
            with Stream(address, happening.cookies[role]) as stream:
                assert stream.of_type("project_status")["project_id"] == project.pk
            continue
        answers = []
        for one in (address, f"{url}{API}/projects/{10**6}/"):
            with pytest.raises(StreamRefused) as caught:
                Stream(one, happening.cookies[role])
            answers.append((caught.value.status, caught.value.body))
        assert answers[0] == answers[1]
        assert answers[0][0] == (401 if role in OUT else 404)


def poll(url: str, happening: Happening, role: str, topics: str) -> list[dict]:
    """Return all frames of polling since the cursor from before."""
    frames, cursor, more = [], happening.before, True
    while more:  # every Head Engineer in this database is notified of each change, so there may be many
        query = {"topics": topics, "last_event_id": cursor}
        answer = http.get(f"{url}{API}/poll/", params=query, headers={"Cookie": happening.cookies[role]}, timeout=20)
        said = answer.json()
        frames += said["frames"]
        cursor, more = said["cursor"], said["more"]
    return frames
