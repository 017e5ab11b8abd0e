"""A PostgreSQL server of the tests' own: a new cluster in a scratch folder, on a free port, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .ports import free_port, wait_until


def binaries() -> Path:
    """Where PostgreSQL's programs are. Raises FileNotFoundError when they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if not found and not on_path:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent if found else Path(on_path).parent


class Postgres:
    """The server; ``create(name)`` makes a database and returns its address."""

    def __init__(self) -> None:
        # Not in pytest's own folder, which nobody but its owner may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="gistagum-postgres-"))
        self.port = free_port()
        self._bin = binaries()
        self._as_other: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self._as_other = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._run("initdb", "--pgdata", str(self.folder / "data"), "--username=gistagum", "--auth=trust", "--no-sync")
        self._start()
        wait_until(lambda: self._sql("SELECT 1") == "1", "PostgreSQL answers")

    def _start(self) -> None:
        options = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 "
            "-c full_page_writes=off"
        )
        where = ["--pgdata", str(self.folder / "data"), "--log", str(self.folder / "log")]
        self._run("pg_ctl", *where, "-w", "-o", options, "start")

    def _run(self, program: str, *args: str) -> str:
        # pg_ctl leaves a server behind that would keep a pipe open for ever, so its output goes to a file.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*self._as_other, str(self._bin / program), *args],
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
        return self._run(
            "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "gistagum", "-d", "postgres", "-Atc", statement
        )

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database, as a copy of ``template``; returns its address for ``DATABASE_URL``."""
        self._sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"postgres://gistagum@127.0.0.1:{self.port}/{name}"

    def restart(self, mode: str = "fast") -> None:
        """Stop it (``fast``: connections are ended; ``immediate``: as in a crash) and start it again."""
        self._run("pg_ctl", "--pgdata", str(self.folder / "data"), "-m", mode, "-w", "stop")
        self._start()

    def cut_off(self) -> None:
        """End every connection that somebody has with it."""
        self._sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def stop(self) -> None:
        """Stop the server at once."""
        self._run("pg_ctl", "--pgdata", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
