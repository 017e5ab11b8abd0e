"""The servers under load as operators run them, with PostgreSQL, Redis and broadcasting, and their users."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis as driver
from django.conf import settings
from django.db import connection

from projeng.access import Role
from realtime.delivery.reader import THREADS
from tests.support.people import person, session_cookie
from tests.support.site import Site

from .resources import ProcessInspector, cpu_seconds, descriptors, family, rss_kb, threads

SERVERS = ("daphne", "uvicorn", "gunicorn+daphne")
# Threads of pools, which are started when first needed and then kept.
POOLED = {"realtime-reader": THREADS, "pool-1-worker": 3, "realtime-layer-in": 1, "realtime-layer-out": 1}
TABS = 10  # open clients of one user
# Groups that a process stays in.
CONSTANT = ("gistagum__group__messaging_typing", "gistagum__group__project_updates", "gistagum__group__servers")


class Servers:
    """The sites for streams and for sockets, which are the same except for ``gunicorn+daphne``.

    The caller's Django must already use ``database_url``.
    """

    def __init__(self, name: str, database_url: str, redis_port: int, **environment: str) -> None:
        if name not in SERVERS:
            raise ValueError(f"{name!r} is none of {', '.join(SERVERS)}")
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix="gistagum-load-"))  # short: a socket's path may have 107 characters
        self.inspector = ProcessInspector(self.folder)
        self._redis_port = redis_port
        self._database_port = urlsplit(database_url).port
        common = {
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "WEBSOCKET_BROADCAST": "true",
            "SSE_HEARTBEAT_SECONDS": "15",
            **self.inspector.environment,
            **environment,
        }
        kinds = name.split("+")
        self.sites = {kind: Site(self.folder / kind, database_url, kind, **common) for kind in kinds}
        self.for_streams, self.for_sockets = self.sites[kinds[0]], self.sites[kinds[-1]]
        self._stack = ExitStack()

    def __enter__(self) -> "Servers":
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            for site in self.sites.values():
                stack.enter_context(site)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def port_of(self, transport: str) -> int:
        """Return the port for clients of a transport."""
        return (self.for_sockets if transport == "websocket" else self.for_streams).port

    def processes(self) -> Iterator[tuple[str, int, Site]]:
        """Yield each serving process: its name, id and site. Gunicorn's master serves no requests and is skipped."""
        for kind, site in self.sites.items():
            pids = family(site.process.pid)
            for number, pid in enumerate(pids[1:] if kind == "gunicorn" else pids):
                yield (f"{kind}-{number}" if number else kind), pid, site

    def measured(self) -> dict[str, dict[str, float]]:
        """Return memory, threads, files and processor time of each process, measured cheaply from outside."""
        return {
            name: {
                "rss_kb": rss_kb(pid),
                "threads": threads(pid),
                "fds": sum(self._descriptors(pid, site).values()),
                "cpu_seconds": cpu_seconds(pid),
            }
            for name, pid, site in self.processes()
        }

    def resources(self) -> dict[str, Any]:
        """Return all resources that the processes hold, also in Redis and in the database."""
        held: dict[str, Any] = {}
        for name, pid, site in self.processes():
            state = self.inspector.ask(pid, thoroughly=True)
            held[name] = {"fds": dict(self._descriptors(pid, site)), "rss_kb": rss_kb(pid), **state}
        with driver.Redis(port=self._redis_port, socket_timeout=5) as client:
            channels = client.pubsub_channels("*")
            groups = {name.decode(): number for name, number in client.pubsub_numsub(*channels)} if channels else {}
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            held["database"] = cursor.fetchone()[0]
        held["groups"] = {name: number for name, number in groups.items() if "__group__" in name}
        held["mailboxes"] = len(groups) - len(held["groups"])
        return held

    def _descriptors(self, pid: int, site: Site) -> Any:
        ports = {"clients": site.port, "database": self._database_port, "redis": self._redis_port}
        return descriptors(pid, ports)

    def log(self) -> str:
        """Return the logs of all servers."""
        return "".join(site.log.read_text() for site in self.sites.values())


def staff(number: int) -> list[str]:
    """Create Head Engineers with some tabs each, and return a session cookie for each of ``number`` clients."""
    cookies = [session_cookie(person(Role.HEAD)) for _ in range((number + TABS - 1) // TABS)]
    return [cookies[client // TABS] for client in range(number)]


def left_behind(before: dict[str, Any], after: dict[str, Any], most_threads: dict[str, int]) -> list[str]:
    """Return as text the resources that are held after but were not held before.

    Threads and connections of pools may be as many as before, or as ``most_threads`` allows.
    """
    faults = []
    for name, now in after.items():
        if not isinstance(now, dict) or "tasks" not in now:
            continue
        then = before[name]
        for what in ("listeners", "people", "viewers", "slots", "sockets"):
            if now.get(what):
                faults.append(f"{name}: {what} {now[what]}")
        if now["fds"].get("clients"):
            faults.append(f"{name}: {now['fds']['clients']} connections of clients")
        for kind in ("files", "sockets", "redis"):
            if now["fds"].get(kind, 0) > then["fds"].get(kind, 0):
                faults.append(f"{name}: {kind} {then['fds'].get(kind, 0)} before, {now['fds'][kind]} now")
        if (
            now["fds"].get("database", 0) > settings.WEB_THREADS + 7
        ):  # the largest size of the pool (gistagum/settings.py)
            faults.append(f"{name}: {now['fds']['database']} connections with the database")
        for kind, count in now["tasks"].items():
            if count > then["tasks"].get(kind, 0):
                faults.append(f"{name}: {count} tasks of {kind}, {then['tasks'].get(kind, 0)} before")
        for kind, count in now["threads"].items():
            if count > max(then["threads"].get(kind, 0), (POOLED | most_threads).get(kind, 0)):
                faults.append(f"{name}: {count} threads of {kind}, {then['threads'].get(kind, 0)} before")
    if set(after["groups"]) - set(CONSTANT):
        faults.append(f"groups in Redis: {sorted(set(after['groups']) - set(CONSTANT))[:5]}")
    # Each process follows a group once, and has no mailbox.
    processes = sum(isinstance(one, dict) and "tasks" in one for one in after.values())
    faults += [f"Redis: {count} follow {name}" for name, count in after["groups"].items() if count > processes]
    if after["mailboxes"]:
        faults.append(f"Redis: {after['mailboxes']} mailboxes")
    return faults
