"""The publisher for our site, which runs as another process of it, and users with real sessions.

It runs with the Python of .venv and the environment of a running site. Its events go through ``publish`` to the log in
the site's database, and through Redis, like those of another worker.
"""

import os
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gistagum.settings")

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.site_conversations import Conversations  # noqa: E402
from projeng.access import Role  # noqa: E402
from projeng.events import ProjectsChanged  # noqa: E402
from projeng.models import Project, ProjectActivity, ProjectCost, ProjectProgress  # noqa: E402
from realtime.channel_layer.broadcast import broadcast  # noqa: E402
from realtime.delivery.reader import Reader  # noqa: E402
from realtime.log import replay  # noqa: E402
from realtime.log.models import Event  # noqa: E402
from realtime.log.publish import publish  # noqa: E402

HEADS = 5
FIELDS = ("source", "created", "updated", "summary", "actor")


class Publisher(Conversations):
    """Publishes events, and makes changes to the office's data and conversations."""

    def one(self, event: dict) -> float:
        """Publish one event in its own transaction, and return the time of the commit."""
        return self._publish([event])

    def burst(self, events: list[dict]) -> None:
        """Publish many events in one transaction."""
        self._publish(events)

    def _publish(self, events: list[dict]) -> float:
        committed = [0.0]

        def note() -> None:
            committed[0] = time.monotonic()

        with transaction.atomic():
            transaction.on_commit(note)  # registered before the function that wakes subscribers
            publish(*((ProjectsChanged(**{name: event[name] for name in FIELDS}), ["projects"]) for event in events))
        return committed[0]

    # --- database contents --------------------------------------------------------------------------------------

    def people(self, count: int) -> dict[str, Any]:
        """Create ``count`` users who see all projects, and return the Cookie header of a session of each.

        A few are Head Engineers, who are notified of every change. The others are not.
        """
        head, finance = (Group.objects.get(name=role.value) for role in (Role.HEAD, Role.FINANCE))
        users = User.objects.bulk_create(User(username=f"person{n}", password=f"!{n}") for n in range(count))
        User.groups.through.objects.bulk_create(
            User.groups.through(user=user, group=head if n < HEADS else finance) for n, user in enumerate(users)
        )
        store = Session.get_session_store_class()()
        expires = timezone.now() + timezone.timedelta(days=1)
        Session.objects.bulk_create(
            Session(session_key=_key(n), session_data=store.encode(_signed_in(user)), expire_date=expires)
            for n, user in enumerate(users)
        )
        connection.close()
        return {"cookies": [f"sessionid={_key(n)}" for n in range(count)]}

    def head(self) -> dict[str, Any]:
        """Return the newest id of the log."""
        return {"head": replay.head()}

    def grow(self, rows: int) -> dict[str, Any]:
        """Fill the log up to ``rows`` events."""
        have = Event.objects.count()
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH RECURSIVE n(i) AS (SELECT %s UNION ALL SELECT i + 1 FROM n WHERE i < %s) "
                "INSERT INTO realtime_event (type, at, fields, audience) SELECT 'projects_changed', %s, "
                """'{"source": "' || i || '", "created": 0, "updated": 1, "summary": "Status", "actor": "x"}', """
                """'["projects"]' FROM n WHERE i <= %s""",
                [have + 1, rows, timezone.now(), rows],
            )
        return {"rows": Event.objects.count()}

    def heads(self) -> dict[str, Any]:
        """Return how many of the first users are Head Engineers."""
        return {"heads": HEADS}

    def fill(self, projects: int) -> dict[str, Any]:
        """Create so many projects, each with costs, a tenth of them at a level of the budget check."""
        now = timezone.now()
        rows = [
            Project(prn=f"BENCH-{n:05}", name=f"Concreting of road {n}", barangay="Apokon", project_cost=1_000_000)
            for n in range(projects)
        ]
        for number, row in enumerate(rows):
            row.status = ("planned", "in_progress", "completed", "delayed")[number % 4]
            row.progress = number % 100
        Project.objects.unannounced().bulk_create(rows, batch_size=500)
        ProjectCost.objects.unannounced().bulk_create(
            [
                ProjectCost(project=row, cost_type="labor", amount=280_000 if number % 10 == 0 else 10_000 + number)
                for number, row in enumerate(rows)
                for _ in range(3)
            ],
            batch_size=500,
        )
        lines = [ProjectActivity(project=row, at=now, actor="the bench", summary="Begun") for row in rows]
        ProjectActivity.objects.bulk_create(lines, batch_size=500)
        return {"projects": projects}

    def work(self, rate: float, changes: int) -> dict[str, Any]:
        """Report progress and costs in turns, ``rate`` times a second.

        Return the id of each change's line of the timeline with the time of the commit (``time.time``).
        """
        projects = list(Project.objects.order_by("?")[:changes])
        begin, committed = time.monotonic(), []
        for number in range(changes):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            project = projects[number % len(projects)]
            if number % 2:
                ProjectCost.objects.create(project=project, cost_type="labor", amount=1_000)
            else:
                ProjectProgress.objects.create(project=project, percentage_complete=number % 100)
            at = time.time()
            committed.append((project.activities.latest("pk").pk, at))
        return {"committed": committed}

    # --- measurements in this process ---------------------------------------------------------------------------

    def saves(self, count: int) -> dict[str, Any]:
        """Save a project ``count`` times, and return the milliseconds of each and the total processor time."""
        project = _project()
        taken = []
        cpu = time.process_time()
        for number in range(count):
            project.description = f"bench-{number:06};"
            begin = time.perf_counter()
            project.save()
            taken.append((time.perf_counter() - begin) * 1000)
        return {"ms": taken, "cpu_ms": (time.process_time() - cpu) * 1000 / count, "failed": broadcast.layer.failed}

    def change(self, rate: float, events: int) -> dict[str, Any]:
        """Rename a project ``rate`` times a second, and return the number of each change and the time before it."""
        project = _project()
        begin = time.monotonic()
        sent = []
        for number in range(events):
            pause = begin + number / rate - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            project.name = f"bench-{number:06};"
            saving = time.monotonic()
            project.save()
            sent.append((number, saving))
        return {"sent": sent, "late": sent[-1][1] - (begin + (events - 1) / rate)}

    def replays(self, missed: int) -> dict[str, Any]:
        """Return the milliseconds to check a cursor and to read ``missed`` events after it, slice by slice."""
        newest = replay.head()
        reader = Reader()
        begin = time.perf_counter()
        start = replay.start(str(max(0, newest - missed)))
        cursor, found = start.cursor, 0
        while cursor < newest:
            number = replay.page_of(cursor)
            last = min((number + 1) * replay.PAGE, newest)
            page = reader.submit(None, lambda number=number, last=last: replay.page(number, last)).result()
            found += sum(frame.id > cursor for frame in page.events)
            cursor = last
        return {"ms": (time.perf_counter() - begin) * 1000, "found": found}


def _project() -> Project:
    return Project.objects.first() or Project.objects.create(
        name="Covered court", barangay="Apokon", project_cost=1_000_000
    )


def _key(number: int) -> str:
    return f"bench{number:027}"


def _signed_in(user: User) -> dict[str, str]:
    from django.conf import settings

    return {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
