"""PostgreSQL with standbys for tests: Patroni and etcd decide which node is the primary. Replication is synchronous."""

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psycopg

from . import http
from .ports import free_port, wait_until
from .postgres import binaries
from .program import Program, find, own_folder

TTL_SECONDS = 10  # after which a primary that is gone is replaced
START_SECONDS = 60.0
PARAMETERS = {"fsync": "off", "full_page_writes": "on", "max_connections": 200, "wal_log_hints": "on"}
# Standbys are asked every second. Patroni's own default takes half a minute.
DYNAMIC = {
    "ttl": TTL_SECONDS,
    "loop_wait": 1,
    "retry_timeout": 3,
    "maximum_lag_on_failover": 1 << 20,
    "synchronous_mode": True,
    "postgresql": {"use_pg_rewind": True, "parameters": PARAMETERS},
}
ACCESS = ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]


class Node:
    """One PostgreSQL with its Patroni."""

    def __init__(self, folder: Path, name: str, etcd_port: int) -> None:
        self.name = name
        self.port, self.rest_port = free_port(), free_port()
        self._data = folder / name
        path = folder / f"{name}.json"  # which is YAML as well
        path.write_text(json.dumps(self._configuration(folder, etcd_port)))
        self.patroni = Program(folder, name, find("patroni", "patroni"), str(path))

    def _configuration(self, folder: Path, etcd_port: int) -> dict[str, object]:
        return {
            "scope": "office",
            "name": self.name,
            "restapi": {
                "listen": f"127.0.0.1:{self.rest_port}",
                "connect_address": f"127.0.0.1:{self.rest_port}",
            },
            # The API of version 2: with that of 3 a thawed primary takes the lock back (patroni#2689).
            "etcd": {"host": f"127.0.0.1:{etcd_port}"},
            "bootstrap": {"dcs": DYNAMIC, "initdb": [{"encoding": "UTF8"}, {"auth": "trust"}, "data-checksums"]},
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self._data),
                "bin_dir": str(binaries()),
                "pgpass": str(folder / f"{self.name}.pgpass"),
                "pg_hba": ACCESS,
                "parameters": {"unix_socket_directories": str(folder)},
                "authentication": {"superuser": {"username": "gistagum"}, "replication": {"username": "replicator"}},
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
            },
        }

    def is_(self, role: str) -> bool:
        """Return whether its Patroni says that it has this role: ``primary``, ``replica`` or ``synchronous``."""
        try:
            return http.get(f"http://127.0.0.1:{self.rest_port}/{role}", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect to this very node, whatever its role is."""
        return psycopg.connect(self.address(database), autocommit=True, connect_timeout=5)

    def streams_to(self) -> int:
        """How many standbys follow it. Patroni calls a node a replica already while it stops to be the primary."""
        try:
            with self.connect() as connection:
                query = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
                return connection.execute(query).fetchone()[0]
        except psycopg.OperationalError:
            return 0

    def address(self, database: str) -> str:
        """The ``DATABASE_URL`` of this node alone."""
        return f"postgres://gistagum@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """Kill all of its processes, as when a machine loses power. Its data stay."""
        self.patroni.signal(signal.SIGSTOP)  # so that it starts nothing in between
        self._signal_postgres(signal.SIGKILL)
        self.patroni.kill()

    def freeze(self) -> None:
        """Stop all of its processes, as when a virtual machine is suspended."""
        self.patroni.signal(signal.SIGSTOP)
        self._signal_postgres(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue all of its processes. They believe that no time has passed."""
        self._signal_postgres(signal.SIGCONT)
        self.patroni.signal(signal.SIGCONT)

    def _signal_postgres(self, number: signal.Signals) -> None:
        for pid in self._postgres_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _postgres_processes(self) -> list[int]:
        with contextlib.suppress(OSError, ValueError):
            first = int((self._data / "postmaster.pid").read_text().split()[0])
            children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
            return [first, *map(int, children)]
        return []

    @contextlib.contextmanager
    def undecided(self) -> Iterator[None]:
        """Within this block its Patroni is stopped (SIGSTOP), so that it takes over from nobody."""
        self.patroni.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.patroni.signal(signal.SIGCONT)


class Cluster:
    """A primary and its standbys."""

    def __init__(self, number: int = 2) -> None:
        self.folder = own_folder("gistagum-patroni-")
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.nodes: list[Node] = []
        try:
            etcd_port = self._start_etcd()
            self.nodes += [Node(self.folder, f"node{index}", etcd_port) for index in range(number)]
            for node in self.nodes:
                self._stack.callback(node.kill)
            first, *others = self.nodes
            first.patroni.start()
            wait_until(lambda: first.is_("primary"), f"there is a primary; logs in {self.folder}", START_SECONDS)
            for node in others:
                node.patroni.start()
            self.wait_until_whole()
        except BaseException:
            self.stop()
            raise

    def _start_etcd(self) -> int:
        client, peer = free_port(), free_port()
        client_url, peer_url = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        etcd = Program(
            self.folder,
            "etcd",
            find("etcd", "etcd-server"),
            *("--name", "etcd", "--data-dir", str(self.folder / "etcd-data")),
            *("--listen-client-urls", client_url, "--advertise-client-urls", client_url),
            *("--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url),
            *("--initial-cluster", f"etcd={peer_url}"),
            "--enable-v2",
        )
        self._stack.callback(etcd.kill)
        etcd.start()

        def answers() -> bool:
            etcd.check()
            try:
                return http.get(f"{client_url}/health", timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers, "etcd answers", START_SECONDS)
        return client

    @property
    def primary(self) -> Node:
        """The node that is the primary now. Raise AssertionError if there is none."""
        found = [node for node in self.nodes if node.is_("primary")]
        assert len(found) == 1, f"The primary is one of {[node.name for node in found]}"
        return found[0]

    @property
    def standbys(self) -> list[Node]:
        """The other nodes."""
        primary = self.primary
        return [node for node in self.nodes if node is not primary]

    def wait_until_whole(self) -> None:
        """Wait until there is a primary, and one standby without which it commits nothing."""

        def whole() -> bool:
            primaries = [node for node in self.nodes if node.is_("primary")]
            return (
                len(primaries) == 1
                and primaries[0].streams_to() == len(self.nodes) - 1
                and any(node.is_("synchronous") for node in self.nodes)
                and sum(node.is_("replica") for node in self.nodes) == len(self.nodes) - 1
            )

        try:
            wait_until(whole, "there are a primary and a synchronous standby", START_SECONDS)
        except AssertionError as error:
            ends = [f"{node.name}:\n{node.patroni.log.read_text()[-2000:]}" for node in self.nodes]
            raise AssertionError("\n".join([str(error), *ends])) from None

    def create(self, name: str) -> None:
        """Create an empty database."""
        with self.primary.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}"')

    def several_hosts(self, database: str) -> str:
        """The ``DATABASE_URL`` that names all nodes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgres://gistagum@{hosts}/{database}?target_session_attrs=read-write"

    def stop(self) -> None:
        """Kill everything and remove the folder."""
        self._stack.close()
