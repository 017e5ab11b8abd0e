"""Our side: people with real sessions, and the publisher, which works as one more process of the site.

It runs with the Python of .venv and the environment of a running site: its events go through ``publish`` into the log
of that site's database, and by way of Redis, as those of another worker do.
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

from projeng.access import Role  # noqa: E402
from projeng.events import ProjectsChanged  # noqa: E402
from projeng.models import Project  # noqa: E402
from realtime.channel_layer.broadcast import broadcast  # noqa: E402
from realtime.delivery.reader import Reader  # noqa: E402
from realtime.log import replay  # noqa: E402
from realtime.log.models import Event  # noqa: E402
from realtime.log.publish import publish  # noqa: E402

HEADS = 5
FIELDS = ("source", "created", "updated", "summary", "actor")


class Publisher:
    """Writes to the log, and to the office."""

    def one(self, event: dict) -> float:
        """Publish one event in a transaction of its own; when that was committed."""
        return self._publish([event])

    def burst(self, events: list[dict]) -> None:
        """Publish many in one transaction."""
        self._publish(events)

    def _publish(self, events: list[dict]) -> float:
        committed = [0.0]

        def note() -> None:
            committed[0] = time.monotonic()

        with transaction.atomic():
            transaction.on_commit(note)  # before the one that wakes anybody
            publish(*((ProjectsChanged(**{name: event[name] for name in FIELDS}), ["projects"]) for event in events))
        return committed[0]

    # --- what is in the database --------------------------------------------------------------------------------

    def people(self, count: int) -> dict[str, Any]:
        """So many who see all projects, each signed in once; the Cookie header of each.

        A few are Head Engineers, who are told of every change by a notification of their own; the others are not.
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
        """The newest id of the log."""
        return {"head": replay.head()}

    def grow(self, rows: int) -> dict[str, Any]:
        """Fill the log up to so many events, as it is after that many changes."""
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

    # --- what is measured in a process --------------------------------------------------------------------------

    def saves(self, count: int) -> dict[str, Any]:
        """Change a project so many times, as a page does: milliseconds of each, and of processor time in all."""
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
        """Rename a project at so many times a second: the whole path of a change, with the moment of each commit."""
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
        """Milliseconds to check a cursor and read what one who missed so many events is owed, page by page."""
        newest = replay.head()
        reader = Reader()
        begin = time.perf_counter()
        start = replay.start(str(max(0, newest - missed)))
        cursor, found = start.cursor, 0
        while cursor < newest:
            number = replay.page_of(cursor)
            last = min((number + 1) * replay.PAGE, newest)
            page = reader.submit(None, lambda number=number, last=last: replay.page(number, last)).result()
            found += sum(frame.id > cursor for frame in page.frames)
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
