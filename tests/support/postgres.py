"""A PostgreSQL server for tests: a new cluster in a temporary folder, on a free port."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg

from .ports import free_port, wait_until

TEMPLATE = "template"  # the migrated database of ``tests.support.database.make_cluster``
TAKING_SECONDS = 60.0


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs. Raise FileNotFoundError if they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if not found and not on_path:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent if found else Path(on_path).parent


class Postgres:
    """The server. ``create(name)`` creates a database and returns its URL.

    It begins with a copy of the cluster that ``tests.support.database.make_cluster`` made in ``copy_of``, if given, or
    as a standby of another server. ``locale`` is that of a new cluster, which is the operating system's by default.
    ``settings`` are of the server's configuration. By default a crash of the machine would lose data.
    """

    def __init__(
        self, copy_of: Path | None = None, standby_of: "Postgres | None" = None, locale: str = "", **settings: str
    ) -> None:
        self._copy_of = copy_of
        self._standby_of = standby_of
        self._locale = locale
        self._settings = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", **settings}
        # Not in pytest's folder, which only its owner may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="gistagum-postgres-"))
        self.port = free_port()
        self._bin = binaries()
        self._as_other: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self._as_other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._make_data()
        self.start()
        wait_until(lambda: self._sql("SELECT 1") == "1", "PostgreSQL answers")

    def _make_data(self) -> None:
        data = str(self.folder / "data")
        if self._copy_of:  # as root it keeps its owner
            subprocess.run(["cp", "-a", str(self._copy_of / "data"), data], check=True, timeout=90)
        elif self._standby_of:
            primary = ["-h", "127.0.0.1", "-p", str(self._standby_of.port), "-U", "gistagum"]
            self._run(
                "pg_basebackup", *primary, "--pgdata", data, "--write-recovery-conf", "--checkpoint=fast", "-X", "s"
            )
        else:
            locale = [f"--locale={self._locale}"] if self._locale else []
            self._run("initdb", "--pgdata", data, "--username=gistagum", "--auth=trust", "--no-sync", *locale)

    def start(self) -> None:
        """Start it, and wait until it has recovered from a crash, if any."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        for name, value in self._settings.items():
            options += f" -c {shlex.quote(f'{name}={value}')}"
        where = ["--pgdata", str(self.folder / "data"), "--log", str(self.folder / "log")]
        self._run("pg_ctl", *where, "-w", "-o", options, "start")

    def _run(self, program: str, *args: str) -> str:
        return self._execute(str(self._bin / program), *args)

    def _execute(self, program: str, *args: str) -> str:
        """Run a program as the user of the server, and return its output."""
        # The server that pg_ctl starts would keep a pipe open, so the output goes to a file.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*self._as_other, program, *args],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                timeout=90,
                check=False,
            )
            output.seek(0)
            text = output.read().strip()
        if done.returncode:
            raise RuntimeError(f"{program} failed: {text}")
        return text

    def _sql(self, statement: str) -> str:
        return self.run("psql", "-d", "postgres", "-Atc", statement)

    def run(self, program: str, *args: str) -> str:
        """Run a client program of PostgreSQL against this server, and return its output."""
        return self._run(program, "-h", "127.0.0.1", "-p", str(self.port), "-U", "gistagum", *args)

    def configure(self, name: str, value: str) -> None:
        """Change a setting of the running server that needs no restart, for open connections too."""
        self._sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self._sql("SELECT pg_reload_conf()")
        seen = f"SELECT setting FROM pg_settings WHERE name = '{name}'"
        wait_until(lambda: self._sql(seen) == value, f"{name} is {value}")

    def create(self, name: str, template: str = "template1") -> str:
        """Create a database as a copy of ``template``, and return its ``DATABASE_URL``."""
        self._sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._address(name)

    def restart(self, mode: str = "fast") -> None:
        """Stop it and start it again. ``mode`` is as in ``halt``."""
        self.halt(mode)
        self.start()

    def halt(self, mode: str) -> None:
        """Stop it (``fast``: end connections; ``immediate``: like a crash)."""
        self._run("pg_ctl", "--pgdata", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def cut_off(self) -> None:
        """Terminate every client connection."""
        self._sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def waiting_for_locks(self) -> int:
        """Return how many connections wait for a lock."""
        return int(self._sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))

    @contextlib.contextmanager
    def transaction(self, database: str, *statements: str) -> Iterator[None]:
        """Within this block, a transaction is open that has executed these statements. It is rolled back."""
        with psycopg.connect(self._address(database), options="-c lock_timeout=30s") as connection:
            for statement in statements:
                connection.execute(statement)
            yield
            connection.rollback()

    @contextlib.contextmanager
    def all_taken(self) -> Iterator[None]:
        """Within this block, all connection slots are taken: those of other clients are terminated and occupied.

        Raise TimeoutError if other clients reconnect faster than their slots can be occupied.
        """
        deadline = time.monotonic() + TAKING_SECONDS
        with ExitStack() as held:
            first = held.enter_context(contextlib.closing(psycopg.connect(self._address("postgres"), autocommit=True)))
            while True:
                with contextlib.suppress(psycopg.OperationalError):
                    while True:
                        one = psycopg.connect(self._address("postgres"), application_name="taker")
                        held.enter_context(contextlib.closing(one))
                ended = first.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = "
                    "'client backend' AND application_name <> 'taker' AND pid <> pg_backend_pid()"
                ).fetchone()
                if ended == (0,):
                    break
                if time.monotonic() > deadline:
                    raise TimeoutError("Somebody always has a connection.")
            yield

    def processes(self) -> list[int]:
        """Return all process ids, the postmaster's first."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]

    def serving(self) -> list[int]:
        """Return the ids of the processes that serve a client connection."""
        pids = self._sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return [int(pid) for pid in pids.split()]

    @contextlib.contextmanager
    def frozen(self, processes: Iterable[int]) -> Iterator[None]:
        """Within this block, these processes are stopped with SIGSTOP."""
        stopped = []
        try:
            for pid in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    stopped.append(pid)
            yield
        finally:
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _address(self, database: str) -> str:
        return f"postgres://gistagum@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """Stop the server at once."""
        self._run("pg_ctl", "--pgdata", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
