"""PostgreSQL servers that take over from another: a standby, and one recovered to a moment of the past."""

import os
import signal
from pathlib import Path

from tests.support.ports import wait_until
from tests.support.postgres import Postgres


class Database(Postgres):
    """A server with a migrated database ``office``: a copy of ``origin``, which is stopped."""

    def __init__(self, origin: Postgres, **settings: str) -> None:
        self._origin = origin
        super().__init__(**settings)

    def _make_data(self) -> None:
        self._execute("cp", "-a", str(self._origin.folder / "data"), str(self.folder / "data"))

    @property
    def url(self) -> str:
        """The address of the database."""
        return f"postgres://gistagum@127.0.0.1:{self.port}/office"


class Standby(Postgres):
    """A streaming standby of ``primary``, which it reaches on ``port`` (that of a relay, which can be cut)."""

    def __init__(self, port: int) -> None:
        self._primary_port = port
        super().__init__()

    def _make_data(self) -> None:
        reach = ["-h", "127.0.0.1", "-p", str(self._primary_port), "-U", "gistagum"]
        self._run("pg_basebackup", *reach, "-D", str(self.folder / "data"), "-R", "-X", "stream", "-c", "fast", "-N")

    def wait_for(self, primary: Postgres) -> None:
        """Wait until it has replayed everything that the primary has written."""
        reached = primary.run("psql", "-d", "postgres", "-Atc", "SELECT pg_current_wal_flush_lsn()")
        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{reached}'"
        wait_until(lambda: self.run("psql", "-d", "postgres", "-Atc", replayed) == "t", "the standby has caught up")

    def promote(self) -> None:
        """Make it the primary."""
        self._run("pg_ctl", "--pgdata", str(self.folder / "data"), "-w", "promote")


class Archiving(Database):
    """Such a server that archives its write-ahead log."""

    def __init__(self, origin: Postgres) -> None:
        super().__init__(origin, archive_mode="on", archive_command="mkdir -p ../archive && cp %p ../archive/%f")

    def back_up(self) -> None:
        """Take a base backup. The archive holds what follows."""
        self.run("pg_basebackup", "-D", str(self.folder / "backup"), "-X", "none", "-c", "fast", "-N")


class Recovered(Postgres):
    """A server made from another one's base backup and archive, as of a restore point of this name."""

    def __init__(self, origin: Archiving, restore_point: str) -> None:
        self._origin = origin
        super().__init__(
            restore_command=f"cp {origin.folder}/archive/%f %p",
            recovery_target_name=restore_point,
            recovery_target_action="promote",
            archive_mode="off",
        )

    def _make_data(self) -> None:
        data = str(self.folder / "data")
        self._execute("cp", "-a", str(self._origin.folder / "backup"), data)
        self._execute("touch", f"{data}/recovery.signal")


def kill(server: Postgres) -> None:
    """SIGKILL to all processes of a server, as when its machine dies."""
    for pid in server.processes():
        os.kill(pid, signal.SIGKILL)
    pidfile: Path = server.folder / "data" / "postmaster.pid"
    pidfile.unlink(missing_ok=True)
