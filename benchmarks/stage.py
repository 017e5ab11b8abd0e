"""A running server on one core, with its clients and its publisher on another. Every measure uses one."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gistagum import server
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.site import UVICORN, Site

from .contenders import OURS as OUR_MODULE
from .contenders import Contender
from .process import (
    OURS,
    PEERS,
    ROOT,
    SERVER_CORE,
    CommandProcess,
    Failed,
    end_group,
    last_line,
    migrate,
    pinned,
    starting_on,
)

START_SECONDS = 40.0


class Office:
    """A database with users, created once and copied for each server, and a Redis server for all.

    ``root`` is the folder with the code of the site. The database is SQLite, or on ``postgres`` if that is given.
    """

    def __init__(self, folder: Path, people: int, *, root: Path = ROOT, postgres: Postgres | None = None) -> None:
        self.folder, self.root = folder, root
        self.redis = Redis()
        self._postgres = postgres
        self._copies = 0
        self._template = f"{folder.name}-template"
        database = postgres.create(self._template) if postgres else f"sqlite:///{self._file(self._template)}"
        migrate(root, self.environment(database))
        maker = self.publisher(database)
        try:
            self.cookies: list[str] = maker("people", 120, count=people)["cookies"]
        finally:
            maker.stop()

    def copy(self) -> str:
        """Copy the database, and return the URL of the copy."""
        self._copies += 1
        name = f"{self.folder.name}-{self._copies}"
        if self._postgres:
            return self._postgres.create(name, self._template)
        shutil.copy(self._file(self._template), self._file(name))
        return f"sqlite:///{self._file(name)}"

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.sqlite3"

    def environment(self, database: str, **more: str) -> dict[str, str]:
        """Return the environment of a process of our site."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "gistagum.settings",
            "DATABASE_URL": database,
            "REDIS_URL": self.redis.url,
            "WEBSOCKET_BROADCAST": "true",
            **more,
        }

    def publisher(self, database: str, **more: str) -> CommandProcess:
        """Start a publisher process that writes to this database like a process of the site."""
        command = [OURS, "-m", "benchmarks.publisher", OUR_MODULE]
        log, environment = self.folder / "publisher.log", self.environment(database, **more)
        process = CommandProcess("our publisher", command, log, environment, folder=self.root)
        process("ready", 30)
        return process

    def close(self) -> None:
        """Stop the Redis server."""
        self.redis.stop()


class Stage:
    """One contender's running server, as a context manager."""

    def __init__(
        self,
        office: Office,
        contender: Contender,
        clients: int,
        *,
        counted: bool = False,
        processes: int = 1,
        **environment: str,
    ) -> None:
        """``counted``: our server counts its queries (benchmarks/counting_site.py). ``processes``: its number.

        ``environment``: more of it for the server.
        """
        self._environment = environment
        self.office, self.contender, self.processes = office, contender, processes
        self.clients = min(clients, contender.most)
        self._kind = CountedSite if counted else PinnedSite
        self.database = office.copy() if contender.ours else ""
        self._site: Site | None = None
        self._peer: subprocess.Popen | None = None
        self._publisher: CommandProcess | None = None
        self.load = CommandProcess(
            "the clients", [sys.executable, "-m", "benchmarks.clients"], office.folder / "clients.log"
        )

    def __enter__(self) -> "Stage":
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self.start()
            undo.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server, the publisher and the clients."""
        self.load.stop()
        if self._publisher is not None:
            self._publisher.stop()
        self.stop()

    # --- the server ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server and wait until it accepts connections. Raise Failed if it does not."""
        try:
            self._start_ours() if self.contender.ours else self._start_peer()
        except AssertionError as error:
            raise Failed(str(error).splitlines()[0]) from error

    def _start_ours(self) -> None:
        name = self.contender.ours
        asgi = name != "gunicorn"
        self._site = self._kind(
            self.office.folder,
            self.database,
            name,
            root=self.office.root,
            PATH=f"{Path(OURS).parent}:{os.environ['PATH']}",  # another build may have no environment of its own
            WEBSOCKET_BROADCAST="true",
            REDIS_URL=self.office.redis.url,
            SSE_HEARTBEAT_SECONDS="15",
            SSE_MAX_STREAMS=str(self.clients + 100),
            WEBSOCKET_MAX_SOCKETS=str(self.clients + 100),
            LOG_LEVEL="WARNING",
            USE_WEBSOCKETS="true" if asgi else "false",
            WEB_CONCURRENCY=str(self.processes),  # Gunicorn's
            MALLOC_ARENA_MAX="2",  # as in start.sh, which does not start all of these servers
            GLIBC_TUNABLES="glibc.malloc.tcache_count=0",
            BENCH_INTERFACE="asgi" if asgi else "wsgi",
            DJANGO_SETTINGS_MODULE="gistagum.settings",
            **self._environment,
        )
        self.port = self._site.port
        self._site.start()

    def _start_peer(self) -> None:
        self.port = _two_free_ports()
        words = self.contender.command or self.contender.module
        command = [PEERS, "-m", *words.format(port=self.port, module=self.contender.module).split()]
        self._log = self.office.folder / f"{self.contender.name}.log"
        with self._log.open("wb") as log:
            self._peer = subprocess.Popen(
                pinned(SERVER_CORE, command),
                cwd=ROOT,
                env=self._peer_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._peer.poll() is not None:
                raise Failed(f"it ended: {last_line(self._log)}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise Failed(f"it does not listen: {last_line(self._log)}")

    def _peer_environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "REDIS_URL": self.office.redis.url,
            "BENCH_PORT": str(self.port),
            "BENCH_VARIANT": self.contender.variant,
            "BENCH_FOLDER": str(self.office.folder),
            **self._environment,
        }

    @property
    def pid(self) -> int:
        """The id of the server's first process."""
        process = self._site.process if self._site else self._peer
        assert process is not None
        return process.pid

    def stop(self) -> None:
        """Kill the server."""
        if self._site is not None:
            self._site.stop()
        if self._peer is not None:
            end_group(self._peer)
            self._peer = None

    # --- publisher and clients ----------------------------------------------------------------------------------

    @property
    def publisher(self) -> CommandProcess:
        """The publisher process, started at the first access."""
        if self._publisher is None:
            if self.contender.ours:
                self._publisher = self.office.publisher(self.database)
            else:
                command = [PEERS, "-m", "benchmarks.publisher", self.contender.module]
                log = self.office.folder / "publisher.log"
                self._publisher = CommandProcess("its publisher", command, log, self._peer_environment())
                self._publisher("ready", 30)
        return self._publisher

    def open(self, count: int | None = None, query: str = "", seconds: float = 90.0) -> dict[str, Any]:
        """Open clients and wait until they are connected. Raise Failed unless all of them are."""
        count = self.clients if count is None else count
        return self.open_as(self.office.cookies if self.contender.ours else [], count, query, seconds)

    def open_as(self, cookies: list[str], count: int, query: str, seconds: float = 90.0) -> dict[str, Any]:
        """Open clients like ``open``, of the users with these cookies."""
        opened = self.load(
            "open",
            seconds + 10,
            kind=self.contender.kind,
            host="127.0.0.1",
            port=self.port,
            path=self.contender.path + query,
            cookies=cookies,
            count=count,
            limit=seconds,
        )
        if opened["failed"]:
            raise Failed(f"{opened['failed']} of {count} clients were not let in: {opened['reason'] or 'no answer'}")
        return opened


class PinnedSite(Site):
    """The site, started with start.sh on the server's core."""

    def launch(self) -> None:
        with starting_on(SERVER_CORE):
            super().launch()


class CountedSite(PinnedSite):
    """The same server with benchmarks/counting_site.py, started without start.sh, which only starts the site itself."""

    by_hand = {
        "daphne": f"-m {server.DAPHNE}".replace("gistagum.asgi", "benchmarks.counting_site"),
        "uvicorn": UVICORN.replace("gistagum.asgi", "benchmarks.counting_site"),
        "gunicorn": f"-m {server.GUNICORN}".replace("gistagum.wsgi", "benchmarks.counting_site"),
    }
    # Gunicorn reads the number of workers from WEB_CONCURRENCY.
    by_hand = {
        name: words.replace("{host}", "127.0.0.1").replace("--workers {workers} ", "")
        for name, words in by_hand.items()
    }


def _two_free_ports() -> int:
    """Return a free port whose successor is free as well."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError), socket.socket() as beside:
            beside.bind(("127.0.0.1", port + 1))
            return port
