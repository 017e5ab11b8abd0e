"""The system that the faults befall: every server, what lies between them, the people, and their clients.

browsers -> wire -> nginx -> wire -> Daphne          all of these -> wire -> PostgreSQL
browsers -> wire -> Gunicorn (two workers)           all of these -> wire -> Redis
browsers -> wire -> Daphne
browsers -> wire -> Uvicorn
browsers -> wire -> Gunicorn or Daphne, as its phase is (tests/faults/phased_site.py)
"""

import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from django.contrib.auth.models import User
from django.db import connection

from projeng.access import Role
from projeng.models import Notification, Project
from realtime.log import replay
from realtime.log.models import Event
from tests.support.database import migrate, using_database
from tests.support.nginx import Nginx
from tests.support.people import PASSWORD, person, session_cookie, site_password
from tests.support.ports import wait_until
from tests.support.postgres import Postgres
from tests.support.reconnecting_clients import Followers
from tests.support.redis import Redis
from tests.support.restarting_site import Kept
from tests.support.tcp_relay import Wire

from .changes import Change
from .checker import PROJECTS, Account, Logged, Right, Verdict, judge
from .clients import Client, Seen
from .clocks import Clock
from .permission_changes import Movers, persistently
from .phased_site import Phased
from .writers import Forms, Writer

SERVERS = ("gunicorn", "daphne", "uvicorn")
# How clients come in, and by which transport: every door that there is.
WAYS = (
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
    """Everything that runs, until ``close``. ``seed`` decides what people do."""

    def __init__(self, folder: Path, static_root: str, seed: int) -> None:
        self.seed = seed
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
        enter(using_database(direct))  # what the kit itself asks is out of reach of every fault of the network
        self.wires = {name: enter(Wire(port)) for name, port in self._backends()}
        self.database_url = direct.replace(str(self.postgres.port), str(self.wires["postgres"].port))
        redis_url = self.redis.url.replace(str(self.redis.port), str(self.wires["redis"].port))
        self.environment = {"REDIS_URL": redis_url, "WEBSOCKET_BROADCAST": "true"}
        names = (*SERVERS, "phased", "writers")
        self.clocks = {name: Clock(folder / f"{name}.clock") for name in names}
        self.sites: dict[str, Kept] = {}
        for server in SERVERS:
            clock = self.clocks[server].environment
            own = {"STATIC_ROOT": static_root, "USE_WEBSOCKETS": "true", **self.environment, **clock}
            if server == "gunicorn":
                own |= {"WEB_CONCURRENCY": "2", "USE_WEBSOCKETS": "false"}
            self.sites[server] = enter(Kept(folder / server, self.database_url, server, **own))
            self.wires[server] = enter(Wire(self.sites[server].port))
        extra = WEBSOCKET_LOCATION.format(behind=self.wires["daphne"].port)
        self.nginx = enter(Nginx(folder / "nginx", self.wires["daphne"].port, extra))
        self.wires["nginx"] = enter(Wire(self.nginx.port))
        own = {"STATIC_ROOT": static_root, "WEB_CONCURRENCY": "2", **self.clocks["phased"].environment}
        self.phased = enter(Phased(folder / "phased", self.database_url, redis_url, **own))
        self.wires["phased"] = enter(Wire(self.phased.port))
        self._people()
        self.begin = replay.head()
        self._clients()
        self._work()

    def _backends(self) -> list[tuple[str, int]]:
        return [("postgres", self.postgres.port), ("redis", self.redis.port)]

    # --- people and their work ----------------------------------------------------------------------------------

    def _people(self) -> None:
        """``stayers`` keep their rights to the end; of ``movers`` rights and sessions change."""
        heads = [person(Role.HEAD) for _ in range(3)]
        engineers = [person(Role.ENGINEER) for _ in range(2)]
        self.stayers = [*heads, person(Role.FINANCE), *engineers, person()]
        self.movers = [person(Role.ENGINEER) for _ in range(2)]
        for user in self.movers:  # they come in at the door as well
            user.password = site_password(PASSWORD)
            user.save()
        self._vandal = person(Role.HEAD)
        self.vandals: Counter[str] = Counter()  # what catalogue/clients.py has seen of them
        self.projects = [Project.objects.create(name=f"Road {number}", barangay="Apokon") for number in range(6)]
        for number, project in enumerate(self.projects):
            project.assigned_engineers.add(engineers[number % 2])
        self.rights: dict[int, list[Right]] = {user.pk: [Right(f"user:{user.pk}")] for user in self.people}
        for user in self.stayers[:4]:
            self.rights[user.pk].append(Right(PROJECTS))
        for number, project in enumerate(self.projects):
            self.rights[engineers[number % 2].pk].append(Right(f"project:{project.pk}"))

    @property
    def people(self) -> list[User]:
        """Everybody who has clients."""
        return [*self.stayers, *self.movers]

    def _clients(self) -> None:
        """Each person comes in by every way there is, each time in a browser of its own."""
        self.seen = Seen()
        self.clients = [
            Client(
                user_id=user.pk,
                cookie=session_cookie(user),
                cursor=self.begin,
                url=self.wires[way].url,
                kind=kind,
                name=f"{user.username} by {kind} through {way}",
                seen=self.seen,
            )
            for user in self.people
            for way, kind in WAYS
        ]
        self.moves = Movers(self.clients, self.rights)
        self._followers = Followers("", self.clients)
        wait_until(lambda: self._followers.counts()[""] == 0, "every client is connected", 60)

    def _work(self) -> None:
        self.writers = [self.new_writer() for _ in range(2)]
        self._gone: list[Writer] = []
        self.forms = [
            Forms(
                f"form{number}",
                self.doors(),
                session_cookie(user),
                {"projects": [project.pk for project in self.projects]},
                f"{self.seed}/form/{number}",
            )
            for number, user in enumerate(self.stayers[:2])
        ]

    def doors(self) -> list[str]:
        """Where people sign in and send forms."""
        return [self.wires[way].url for way in ("gunicorn", "nginx", "uvicorn")]

    def vandal(self) -> str:
        """A session of somebody who may see everything, and means harm."""
        return persistently(lambda: session_cookie(self._vandal))

    def new_writer(self, *, last_words: int = 0) -> Writer:
        """A process that changes things; with ``last_words`` one that dies as its change of this number commits."""
        number = next(self._names)
        office = {
            "projects": [project.pk for project in self.projects],
            "people": [user.pk for user in self.people],
        }
        seed = f"{self.seed}/writer/{number}"
        environment = self.environment | self.clocks["writers"].environment
        return Writer(f"w{number}", self.database_url, office, seed, last_words=last_words, **environment)

    def replace_writer(self, index: int) -> None:
        """Kill one of the writers in the middle of whatever it does, and let another begin."""
        self.writers[index].kill()
        self.retire(self.writers[index])
        self.writers[index] = self.new_writer()

    def retire(self, writer: Writer) -> None:
        """Keep what a writer that has ended did."""
        self._gone.append(writer)

    # --- how it goes --------------------------------------------------------------------------------------------

    def behind(self) -> dict[str, int]:
        """The clients that have not read to the end of the log, with how many ids they lack."""
        head = persistently(replay.head)
        return {client.name: head - client.cursor for client in self.clients if client.cursor < head}

    def settle(self, seconds: float, *, anew: bool = False) -> None:
        """Wait until every client has read what is in the log now. Raises AssertionError naming some who have not.

        ``anew``: and what happens from now on, if only a little: a site that nobody can work with has lost nothing.
        """
        deadline = time.monotonic() + seconds
        goal = persistently(replay.head)
        if anew:
            before = goal
            wait_until(lambda: persistently(replay.head) > before, "somebody can work", seconds)
            goal = persistently(replay.head)

        def there() -> bool:
            return min(client.cursor for client in self.clients) >= goal

        try:
            wait_until(there, "", deadline - time.monotonic())
        except AssertionError:
            missing = [f"{one.name} at {one.cursor}" for one in self.clients if one.cursor < goal]
            raise AssertionError(f"After {seconds} s not at {goal}: {len(missing)}, such as {missing[:4]}") from None

    def finish(self, seconds: float = 60) -> Verdict:
        """Stop the work, let everybody read to the end, and judge."""
        for writer in self.writers:
            writer.stop()
            self.retire(writer)
        for forms in self.forms:
            forms.stop()
        with contextlib.suppress(AssertionError):
            self.settle(seconds)  # who never comes to the end is named by the checker
        with contextlib.suppress(AssertionError):
            wait_until(lambda: not self._astray(), "", 15)
        astray = self._astray()
        self._followers.stop()
        self.changes = list(self._changes())
        rows = Event.objects.filter(id__gt=self.begin).order_by("id").iterator()
        self.log = [Logged(row.id, row.type, row.fields, frozenset(row.audience)) for row in rows if row.audience]
        accounts = [
            Account(
                one.name, one.user_id, one.ids, self.rights[one.user_id], one.late, one.resets, one.cursor, one.sessions
            )
            for one in self.clients
        ]
        verdict = judge(self.changes, self.log, accounts, self.moves.ended_sessions, self.seen.differing)
        for name in astray:
            verdict.add("not by the transport that the site tells", name)
        return verdict

    def _astray(self) -> list[str]:
        """The clients that go by what the site tells, and are elsewhere."""
        return [
            f"{one.name}: {one.transport or 'nowhere'}, not {one.told}"
            for one in self.clients
            if one.kind == "either" and one.transport != ("websocket" if one.told == "websocket" else "sse")
        ]

    def _changes(self) -> Iterator[Change]:
        """Every change that was begun, with whether it is in the database."""
        texts = Notification.objects.values_list("message", flat=True)
        stored = "\n".join([*texts.iterator(), *Project.objects.values_list("name", flat=True)])
        for worker in [*self._gone, *self.forms]:
            for change in worker.changes.values():
                change.stored = change.mark in stored
                yield change

    def close(self) -> None:
        """End everything, whatever happened."""
        for one in [*getattr(self, "writers", []), *getattr(self, "_gone", [])]:
            with contextlib.suppress(AssertionError):
                one.kill()
        for forms in getattr(self, "forms", []):
            forms.stop()
        with contextlib.suppress(Exception):
            getattr(self, "_followers", contextlib.nullcontext()).stop()
        connection.close()
        self._stack.close()
