"""The delay from the commit to a socket on PostgreSQL, at two events a second, with commits delayed and without."""

import contextlib
from pathlib import Path

from tests.support.postgres import Postgres

from ..contenders import BY_NAME
from ..process import ROOT
from ..size import Size
from ..stage import Office, Stage
from ..writers.stage import DELAY, DURABLE
from . import steady

CONTENDER = BY_NAME["daphne-ws"]
RATE = 2


class Offices:
    """A PostgreSQL server, and an office on it for each build: ``ours`` and, with a folder of its code, ``beside``."""

    def __init__(self, folder: Path, size: Size, beside: Path | None) -> None:
        self._folder, self._size = folder, size
        self._roots = {"ours": ROOT, **({"beside": beside} if beside else {})}
        self._undo = contextlib.ExitStack()

    def names(self) -> list[str]:
        """Return the builds in the order in which they take turns."""
        return list(self._roots)

    def start(self) -> dict[str, float]:
        """Start the server, and create the offices. Return the number of builds."""
        self._postgres = Postgres(**DURABLE)
        self._undo.callback(self._postgres.stop)
        self._offices = {}
        for name, root in self._roots.items():
            folder = self._folder / f"to-socket-{name}"
            folder.mkdir()
            self._offices[name] = Office(folder, self._size.sockets, root=root, postgres=self._postgres)
            self._undo.callback(self._offices[name].close)
        return {"builds": len(self._offices)}

    def measure(self, name: str) -> dict[str, float]:
        """Return the milliseconds from the commit to each socket of a build's server."""
        values = {}
        with Stage(self._offices[name], CONTENDER, self._size.sockets) as stage:
            stage.open()
            steady.measure(stage, self._size, RATE, 2)  # completes one-time work of the server and the publisher
            for before, delay in (("", "0"), ("delayed_", DELAY)):
                self._postgres.configure("commit_delay", delay)
                seen = steady.measure(stage, self._size, RATE, self._size.socket_events)
                values |= {f"{before}{value}": seen[value] for value in ("p50_ms", "p99_ms", "missing_percent")}
        return values

    def close(self) -> None:
        """Stop everything."""
        self._undo.close()
