"""The system under test: every server, the network between them, the users, and their clients.

browsers -> relay -> nginx -> relay -> Daphne         all of these -> relay -> PostgreSQL
browsers -> relay -> Gunicorn (two workers)           all of these -> relay -> Redis
browsers -> relay -> Daphne
browsers -> relay -> Uvicorn
browsers -> relay -> Gunicorn or Daphne, depending on the phase (tests/faults/phased_site.py)
"""

import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from messaging.events import MESSAGES
from projeng.access import Role
from projeng.models import Notification, Project
from realtime.log.events import topic_of
from realtime.log.models import Event, OutboxEvent
from tests.support.database import migrate, retrying, using_database
from tests.support.nginx import Nginx
from tests.support.numbering_gate import Gate
from tests.support.people import PASSWORD, person, session_cookie, site_password
from tests.support.ports import wait_until
from tests.support.postgres import Postgres
from tests.support.reconnecting_clients import ReconnectingClients
from tests.support.redis import Redis
from tests.support.restarting_site import RestartingSite
from tests.support.tcp_relay import TcpRelay

from .changes import Change
from .checker import PROJECTS, ClientHistory, LoggedEvent, Right, Verdict, judge
from .clients import Client, ReceivedEvents
from .clocks import Clock
from .conversations import Conversations
from .log_position import head
from .permission_changes import PermissionChanges
from .phased_site import PhasedSite
from .writers import Forms, Writer

SERVERS = ("gunicorn", "daphne", "uvicorn")
# Every route of clients into the site, with the transport.
ROUTES = (
    ("nginx", "sse"),
    ("nginx", "websocket"),
    ("nginx", "either"),
    ("nginx", "poll"),
    ("gunicorn", "sse"),
    ("daphne", "sse"),
    ("daphne", "websocket"),
    ("uvicorn", "sse"),
    ("uvicorn", "websocket"),
    ("phased", "either"),
)
WEBSOCKET_LOCATION = """
        location /ws/ {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
"""


class Office:
    """The running system, until ``close``. ``seed`` decides the users' changes."""

    def __init__(self, folder: Path, static_root: str, seed: int) -> None:
        self.seed = seed
        self.conversations: Conversations | None = None  # an office without them says nothing of them
        self.random = random.Random(f"{seed}/office")
        self._stack = ExitStack()
        self._names = itertools.count(1)
        try:
            self._start(folder, static_root)
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path, static_root: str) -> None:
        enter = self._stack.enter_context
        self.postgres = Postgres()
        self._stack.callback(self.postgres.stop)
        self.redis = Redis()
        self._stack.callback(self.redis.stop)
        direct = self.postgres.create("office")
        migrate(direct)
        self.gate = Gate(direct)
        self.gate.install()
        enter(using_database(direct))  # without a relay: faults of the network do not affect the kit's own queries
        self.relays = {name: enter(TcpRelay(port)) for name, port in self._backends()}
        self.database_url = direct.replace(str(self.postgres.port), str(self.relays["postgres"].port))
        redis_url = self.redis.url.replace(str(self.redis.port), str(self.relays["redis"].port))
        self.environment = {
            "REDIS_URL": redis_url,
            "WEBSOCKET_BROADCAST": "true",
            "MESSAGE_EDIT_MINUTES": "525600",  # clocks are set wrong by up to a day
        }
        names = (*SERVERS, "phased", "writers")
        self.clocks = {name: Clock(folder / f"{name}.clock") for name in names}
        self.sites: dict[str, RestartingSite] = {}
        for server in SERVERS:
            clock = self.clocks[server].environment
            own = {"STATIC_ROOT": static_root, "USE_WEBSOCKETS": "true", **self.environment, **clock}
            if server == "gunicorn":
                own |= {"WEB_CONCURRENCY": "2", "USE_WEBSOCKETS": "false"}
            self.sites[server] = enter(RestartingSite(folder / server, self.database_url, server, **own))
            self.relays[server] = enter(TcpRelay(self.sites[server].port))
        extra = WEBSOCKET_LOCATION.format(behind=self.relays["daphne"].port)
        self.nginx = enter(Nginx(folder / "nginx", self.relays["daphne"].port, extra))
        self.relays["nginx"] = enter(TcpRelay(self.nginx.port))
        own = {"STATIC_ROOT": static_root, "WEB_CONCURRENCY": "2", **self.clocks["phased"].environment}
        own["MESSAGE_EDIT_MINUTES"] = self.environment["MESSAGE_EDIT_MINUTES"]
        self.phased = enter(PhasedSite(folder / "phased", self.database_url, redis_url, **own))
        self.relays["phased"] = enter(TcpRelay(self.phased.port))
        self._people()
        self.begin = head()
        self._clients()
        self.conversations = Conversations(
            [self.relays[route].url for route in ("phased", "daphne", "nginx", "uvicorn", "gunicorn")], self.seed
        )
        self._work()

    def _backends(self) -> list[tuple[str, int]]:
        return [("postgres", self.postgres.port), ("redis", self.redis.port)]

    # --- users and their changes --------------------------------------------------------------------------------

    def _people(self) -> None:
        """Create the users. Those of ``stable_users`` keep their permissions and sessions to the end."""
        heads = [person(Role.HEAD) for _ in range(3)]
        engineers = [person(Role.ENGINEER) for _ in range(2)]
        self.stable_users = [*heads, person(Role.FINANCE), *engineers, person()]
        self.changing_users = [person(Role.ENGINEER) for _ in range(2)]
        for user in self.changing_users:  # they also sign in by the form
            user.password = site_password(PASSWORD)
            user.save()
        self._hostile_user = person(Role.HEAD)
        self.hostile_counts: Counter[str] = Counter()  # counted by catalogue/clients.py
        self.projects = [Project.objects.create(name=f"Road {number}", barangay="Apokon") for number in range(6)]
        for number, project in enumerate(self.projects):
            project.assigned_engineers.add(engineers[number % 2])
        self.rights: dict[int, list[Right]] = {user.pk: [Right(f"user:{user.pk}")] for user in self.people}
        for user in self.stable_users[:4]:
            self.rights[user.pk].append(Right(PROJECTS))
        for number, project in enumerate(self.projects):
            self.rights[engineers[number % 2].pk].append(Right(f"project:{project.pk}"))

    @property
    def people(self) -> list[User]:
        """All users with clients."""
        return [*self.stable_users, *self.changing_users]

    def _clients(self) -> None:
        """Each person comes in by every route there is, each time in a browser of its own."""
        self.received = ReceivedEvents()
        self.clients = [
            Client(
                user_id=user.pk,
                cookie=session_cookie(user),
                cursor=self.begin,
                url=self.relays[route].url,
                kind=kind,
                name=f"{user.username} by {kind} through {route}",
                received=self.received,
            )
            for user in self.people
            for route, kind in ROUTES
        ]
        self.permissions = PermissionChanges(self.clients, self.rights)
        self._reconnecting = ReconnectingClients("", self.clients)
        wait_until(lambda: self._reconnecting.count_by_transport()[""] == 0, "every client is connected", 60)

    def _work(self) -> None:
        self.writers = [self.new_writer() for _ in range(2)]
        self._ended_writers: list[Writer] = []
        self.forms = [
            Forms(
                f"form{number}",
                self.sign_in_urls(),
                session_cookie(user),
                {"projects": [project.pk for project in self.projects]},
                f"{self.seed}/form/{number}",
            )
            for number, user in enumerate(self.stable_users[:2])
        ]

    def sign_in_urls(self) -> list[str]:
        """Return the URLs at which users sign in and submit forms."""
        return [self.relays[route].url for route in ("gunicorn", "nginx", "uvicorn")]

    def hostile_session(self) -> str:
        """Return a session for hostile clients, of a user who may see everything."""
        return retrying(lambda: session_cookie(self._hostile_user))

    def new_writer(self, *, database_url: str = "", **how: Any) -> Writer:
        """Start a process that makes changes. ``how`` is as in ``Writer``.

        It connects to the database under its own name, by ``database_url`` if another relay is to be between.
        """
        number = next(self._names)
        office = {
            "projects": [project.pk for project in self.projects],
            "people": [user.pk for user in self.people],
        }
        seed = f"{self.seed}/writer/{number}"
        environment = self.environment | self.clocks["writers"].environment
        name = f"w{number}"
        environment = environment | {"PGAPPNAME": name}
        return Writer(name, database_url or self.database_url, office, seed, **how, **environment)

    def replace_writer(self, index: int) -> None:
        """Kill one of the writers and start another."""
        self.writers[index].kill()
        self.retire(self.writers[index])
        self.writers[index] = self.new_writer()

    def retire(self, writer: Writer) -> None:
        """Keep the changes of a writer that has ended."""
        self._ended_writers.append(writer)

    # --- progress and result ------------------------------------------------------------------------------------

    def behind(self) -> dict[str, int]:
        """Return the clients that are behind the end of the log, with the number of missing ids."""
        end = retrying(head)
        return {client.name: end - client.cursor for client in self.clients if client.cursor < end}

    def wait_until_caught_up(self, seconds: float, *, require_progress: bool = False) -> None:
        """Wait until every client has read what is in the log. Raise AssertionError naming some that have not.

        With ``require_progress``, wait for a further event first: on a site where no change is possible, every client
        would be caught up.
        """
        deadline = time.monotonic() + seconds
        goal = retrying(head)
        if require_progress:
            before = goal
            wait_until(lambda: retrying(head) > before, "somebody can work", seconds)
            goal = retrying(head)

        def caught_up() -> bool:
            return min(client.cursor for client in self.clients) >= goal

        try:
            wait_until(caught_up, "", deadline - time.monotonic())
        except AssertionError:
            missing = [f"{one.name} at {one.cursor}" for one in self.clients if one.cursor < goal]
            raise AssertionError(f"After {seconds} s not at {goal}: {len(missing)}, such as {missing[:4]}") from None

    def finish(self, seconds: float = 60) -> Verdict:
        """Stop all changes, wait until the clients have caught up, and check the run."""
        for writer in self.writers:
            writer.stop()
            self.retire(writer)
        for forms in self.forms:
            forms.stop()
        if self.conversations is not None:
            self.conversations.stop_writing()
        with contextlib.suppress(AssertionError):
            self.wait_until_caught_up(seconds)  # the checker reports clients that never do
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not self._on_wrong_transport(), "", 15)
        on_wrong_transport = self._on_wrong_transport()
        self._reconnecting.stop()
        self.changes = list(self._changes())
        rows = Event.objects.filter(id__gt=self.begin).order_by("id").iterator()
        self.log = [
            LoggedEvent(row.id, row.type, row.fields, frozenset(row.audience))
            for row in rows
            if row.audience and topic_of(row.type) != MESSAGES  # of which these clients have not asked to be told
        ]
        histories = [
            ClientHistory(
                one.name, one.user_id, one.ids, self.rights[one.user_id], one.late, one.resets, one.cursor, one.sessions
            )
            for one in self.clients
        ]
        verdict = judge(
            self.changes,
            self.log,
            histories,
            self.permissions.ended_sessions,
            self.received.differing,
            self.received.frames,
            [str(fields) for fields in OutboxEvent.objects.values_list("fields", flat=True)],
        )
        for name in on_wrong_transport:
            verdict.add("not by the transport that the site tells", name)
        if self.conversations is not None:
            for words in self.conversations.finish(self.sites["gunicorn"].url):
                verdict.add("in conversations", words)
        return verdict

    def _on_wrong_transport(self) -> list[str]:
        """Return the clients that are not on the transport that the site assigns to them."""
        return [
            f"{one.name}: {one.transport or 'nowhere'}, not {one.assigned}"
            for one in self.clients
            if one.kind == "either" and one.transport != ("websocket" if one.assigned == "websocket" else "sse")
        ]

    def _changes(self) -> Iterator[Change]:
        """Yield every change that was begun, with ``stored`` set."""
        texts = Notification.objects.values_list("message", flat=True)
        stored = "\n".join([*texts.iterator(), *Project.objects.values_list("name", flat=True)])
        for worker in [*self._ended_writers, *self.forms]:
            for change in worker.changes.values():
                change.stored = change.mark in stored
                yield change

    def close(self) -> None:
        """Stop everything, in whatever state it is."""
        for one in [*getattr(self, "writers", []), *getattr(self, "_ended_writers", [])]:
            with contextlib.suppress(AssertionError):
                one.kill()
        for forms in getattr(self, "forms", []):
            forms.stop()
        with contextlib.suppress(Exception):
            if self.conversations is not None:
                self.conversations.close()
        with contextlib.suppress(Exception):
            getattr(self, "_reconnecting", contextlib.nullcontext()).stop()
        connection.close()
        self._stack.close()
