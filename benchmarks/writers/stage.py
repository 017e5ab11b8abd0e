"""PostgreSQL with the writers of each build and those of the floor, every build on a database of its own."""

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import psycopg

from tests.support.postgres import Postgres

from ..process import OURS, ROOT, CommandProcess, migrate, starting_on

PROGRAM = str(ROOT / "benchmarks/writers/processes.py")
# Commits survive a crash of the machine. Without fsync, a delay would have no effect either.
DURABLE = {"fsync": "on", "full_page_writes": "on", "commit_siblings": "0"}
DELAY = "5000"  # microseconds for which the flush of a commit waits (commit_delay), whoever else is writing
START_SECONDS = 120.0
SETTLE_SECONDS = 10.0  # after the last commit, until every event must have its place in the log


class Build:
    """The writers of one build. ``folder`` holds its code, ``work`` is the module in this folder that they run."""

    def __init__(self, name: str, folder: Path, work: str, writers: int, url: str, log: Path) -> None:
        self.name, self.url = name, url
        self.events, self.notifications = (
            ("bench_event", "bench_notification") if work == "plain" else ("realtime_event", "projeng_notification")
        )
        self.process = CommandProcess(
            f"the writers of {name}",
            [OURS, PROGRAM, work, str(writers)],
            log,
            environment(folder, url),
            core=None,
            folder=folder,
        )

    def newest(self) -> int:
        """Return the newest id of the log."""
        return self._one(f"SELECT coalesce(max(id), 0) FROM {self.events}")

    def count(self, after: int) -> int:
        """Return the number of events in the log after this id."""
        return self._one(f"SELECT count(*) FROM {self.events} WHERE id > {after}")

    def settle(self) -> None:
        """Wait until the log no longer grows, for ``SETTLE_SECONDS`` at most."""
        deadline = time.monotonic() + SETTLE_SECONDS
        before, newest = -1, self.newest()
        while newest != before and time.monotonic() < deadline:
            time.sleep(0.5)
            before, newest = newest, self.newest()

    def forget_notifications(self) -> None:
        """Delete all notifications: counting those of earlier writing would cost a fast build more than a slow one."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"TRUNCATE {self.notifications}")

    def lag(self, after: int) -> dict[str, float]:
        """Return percentiles of the milliseconds from the writing of an event to its place in the log.

        Empty for a build whose events have their place when they are written: it has no column ``written_at``.
        """
        columns = f"information_schema.columns WHERE table_name = '{self.events}'"
        if not self._one(f"SELECT count(*) FROM {columns} AND column_name = 'written_at'"):
            return {}
        milliseconds = "extract(epoch FROM at - written_at) * 1000"
        percentiles = f"percentile_disc(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY {milliseconds})"
        p50, p99 = self._one(f"SELECT {percentiles} FROM {self.events} WHERE id > {after}")
        return {"lag_p50_ms": float(p50), "lag_p99_ms": float(p99)}

    def _one(self, statement: str) -> Any:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement).fetchone()[0]


class WritersStage:
    """The server and the builds ``ours``, ``plain`` (the floor) and, with a folder of its code, ``beside``."""

    def __init__(self, folder: Path, writers: int, beside: Path | None) -> None:
        self._folder, self._writers = folder, writers
        self._roots = {"ours": ROOT, **({"beside": beside} if beside else {}), "plain": ROOT}
        self._postgres: Postgres | None = None
        self.builds: dict[str, Build] = {}

    def names(self) -> list[str]:
        """Return the builds in the order in which they take turns."""
        return list(self._roots)

    def start(self) -> dict[str, float]:
        """Start PostgreSQL and the writers of all builds. Return the seconds that it took."""
        began = time.monotonic()
        with starting_on(None):
            self._postgres = Postgres(**DURABLE, max_connections="400")
        for name, root in self._roots.items():
            work = "plain" if name == "plain" else "office"
            if work == "plain":
                url = self._postgres.create(name, "ours-template")
            else:
                migrate(root, environment(root, self._postgres.create(f"{name}-template")))
                url = self._postgres.create(name, f"{name}-template")
            log = self._folder / f"writers-{name}.log"
            self.builds[name] = Build(name, root, work, self._writers, url, log)
        for build in self.builds.values():
            build.process.send("prepare")
        for build in self.builds.values():
            build.process.answer("prepare", START_SECONDS)
        return {"start_seconds": time.monotonic() - began}

    def delay_commits(self, delayed: bool) -> None:
        """Let each flush of a commit wait for ``DELAY``, or not."""
        assert self._postgres is not None
        self._postgres.configure("commit_delay", DELAY if delayed else "0")

    def close(self) -> None:
        """Stop everything."""
        for build in self.builds.values():
            build.process.stop()
        if self._postgres is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._postgres.stop()


def environment(folder: Path, url: str) -> dict[str, str]:
    """Return the environment of a process of the site with this code, without a channel layer."""
    return {
        **os.environ,
        "PYTHONPATH": str(folder),
        "DJANGO_SETTINGS_MODULE": "gistagum.settings",
        "DATABASE_URL": url,
        "REDIS_URL": "",
        "WEBSOCKET_BROADCAST": "false",
        "LOG_LEVEL": "WARNING",
    }
