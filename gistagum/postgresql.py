"""The connection to PostgreSQL. Not imported with SQLite, since importing psycopg takes time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from . import request_threads
from .database_reasons import in_one_line, reason_of
from .fair_semaphore import FairSemaphore
from .request_threads import OWN_CONNECTIONS

# Every wait has a limit below the proxy's own (nginx: 60 seconds), so that the user gets our error page and not the
# proxy's. PostgreSQL enforces LIMITS, in seconds. OPTIONS detect a server that no longer responds.
LIMITS = {"lock_timeout": 15, "statement_timeout": 30, "idle_in_transaction_session_timeout": 120}
OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,  # for each host
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
SILENCE_SECONDS = 35.0  # for the response to a statement; longer than the server's statement_timeout
RECONNECT_SECONDS = 3.0  # for the pool's background attempts, whose pauses double; the next request starts over
LOOK_SECONDS = 0.5  # between two looks at why no connection can be made
READ_ONLY_SECONDS = 2.0  # for a standby, which answers and only reads: it may go on doing so
STANDBY_STATUS = b"in_hot_standby"  # what a server says of itself without being asked, from PostgreSQL 14 on
ONLY_READS = "PostgreSQL is a standby at this address, which only reads"


class Connection(psycopg.Connection):
    """A connection with a timeout for responses. When it is of no use, it drains the pool of its other connections.

    It is of no use when it breaks, or when its server refuses to write: then another server may be the primary. The
    limits of the server and of TCP do not end the wait for a server that is frozen, or that is behind something
    which acknowledges packets in its place (a tunnel, a proxy, a pooler). A thread would wait for ever. The pool by
    itself discovers broken connections one at a time, with pauses that double.
    """

    # Of this process: whether it was ever connected, and why the last attempt failed, if it did.
    succeeded = False
    failure: BaseException | None = None
    of_request = False  # it is one of those that requests may have

    @classmethod
    def connect(cls, *args: Any, **options: Any) -> Self:
        """Connect to a server that is no standby. Raise OperationalError for any other."""
        with remembering_failures():
            connection = super().connect(*args, **options)
            connection.refuse_standby()
        return connection

    def is_to_standby(self) -> bool:
        """Return whether the server has said that it is a standby. It says so without being asked."""
        return self.pgconn.parameter_status(STANDBY_STATUS) == b"on"

    def refuse_standby(self) -> None:
        """Close it, and those of its pool, if its server is a standby. Raise OperationalError then."""
        if self.is_to_standby():
            self.close()
            self.drain_pool()
            with remembering_failures():
                raise psycopg.OperationalError(ONLY_READS)

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Like ``psycopg.Connection.wait``, with a default timeout.

        Close the connection and raise OperationalError when no response came for ``SILENCE_SECONDS``.
        """
        try:
            return super().wait(gen, interval, SILENCE_SECONDS if timeout is None else timeout)
        except psycopg.errors.ReadOnlySqlTransaction:
            self.drain_pool()
            raise
        except psycopg.OperationalError as error:
            timed_out = self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE
            if timed_out:  # a response, even an error, would have ended the statement
                self.pgconn.finish()
            if self.pgconn.status == psycopg.pq.ConnStatus.BAD:
                self.drain_pool()
            if timed_out:
                raise psycopg.OperationalError(f"PostgreSQL has said nothing for {SILENCE_SECONDS:.0f} s.") from error
            raise

    def drain_pool(self) -> None:
        """Drop the other connections of its pool, and this one once it is given back."""
        pool = getattr(self, "_pool", None)  # it has none before the pool has taken it
        if isinstance(pool, ConnectionPool):
            pool.drain()


@contextmanager
def remembering_failures() -> Iterator[None]:
    """Within this block, an error is one for which this process has no connection."""
    try:
        yield
    except psycopg.Error as error:
        Connection.failure = psycopg.OperationalError(str(error))  # without the frames of its traceback
        raise


class PooledConnection(Connection):
    """A connection to a pooler, which may go on saying what was true of another server: so it is asked."""

    def is_to_standby(self) -> bool:
        return self.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


class Pool(ConnectionPool):
    """A pool that says why it has no connection, and does not wait where waiting is no help.

    Requests have all of its connections but ``OWN_CONNECTIONS``. Under ASGI any number of requests may wait for one.
    Numbering and delivery must not wait behind them: events would come late, although each request is answered.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.requests = FairSemaphore(max(1, self.max_size - OWN_CONNECTIONS))

    def getconn(self, timeout: float | None = None) -> Any:
        """Take a connection. Raise OperationalError with the reason if there is none in time."""
        begun = time.monotonic()
        patience = self.timeout if timeout is None else timeout
        if not request_threads.answers():
            return self._getconn(begun, patience)
        if not self.requests.acquire(patience, lambda waited: _in_vain(Connection.failure, waited)):
            number = f"{self.requests.number} of this process for requests"
            raise psycopg.OperationalError(self._reason(begun, patience, Connection.failure, number))
        try:
            # Whoever has waited for the turn has all the time to be connected.
            connection = self._getconn(time.monotonic(), patience)
        except BaseException:
            self.requests.release()
            raise
        connection.of_request = True
        return connection

    def putconn(self, conn: Any) -> None:
        """Give a connection back."""
        of_request, conn.of_request = conn.of_request, False
        try:
            super().putconn(conn)
        finally:
            if of_request:
                self.requests.release()

    def _getconn(self, begun: float, patience: float) -> Any:
        first = True
        while True:
            left = begun + patience - time.monotonic()
            try:
                # Whoever waits anew comes last, so those whom no failure concerns do so once.
                looks = first or not Connection.succeeded or _only_reads(Connection.failure)
                return super().getconn(min(LOOK_SECONDS, left) if looks else left)
            except PoolTimeout as error:
                first = False
                waited, failure = time.monotonic() - begun, Connection.failure
                if waited < patience and not _in_vain(failure, waited):
                    continue
                raise psycopg.OperationalError(
                    self._reason(begun, patience, failure, f"{self.max_size} of this process")
                ) from error

    @staticmethod
    def _reason(begun: float, patience: float, failure: BaseException | None, number: str) -> str:
        """Why there was no connection since ``begun``: it failed, or ``number`` of them are in use."""
        waited = time.monotonic() - begun
        patiently = "" if waited < patience else f"couldn't get a connection after {waited:.2f} sec: "
        why = f"all {number} are in use: raise WEB_THREADS." if failure is None else in_one_line(failure)
        return patiently + why

    @staticmethod
    def check_connection(connection: Connection) -> None:
        """Raise an error if the connection is broken, or if its server is a standby."""
        ConnectionPool.check_connection(connection)
        connection.refuse_standby()


def _only_reads(failure: BaseException | None) -> bool:
    return str(failure) == ONLY_READS


def _in_vain(failure: BaseException | None, waited: float) -> bool:
    """Whether it is of no use to wait for a connection any longer."""
    if _only_reads(failure):
        return waited >= READ_ONLY_SECONDS
    reason = reason_of(failure)
    return not Connection.succeeded and reason is not None and not reason.passing


def options(max_connections: int, pooler: str, own: dict[str, Any]) -> dict[str, Any]:
    """Django's ``OPTIONS`` for a process with at most ``max_connections`` connections. ``own`` are the operator's.

    The operator's win. A pooler refuses start-up options: there LIMITS must be set for the role
    (gistagum/database_checks.py).
    """
    pool = {
        "connection_class": Connection if pooler == "none" else PooledConnection,
        "min_size": 1,
        "max_size": max_connections,
        "timeout": 10,
        "reconnect_timeout": RECONNECT_SECONDS,
    }
    limits = [f"-c {name}={seconds}s" for name, seconds in LIMITS.items()]
    # PostgreSQL takes the last of several options with the same name.
    joined = {"options": " ".join([*limits, own.get("options", "")]).strip()} if pooler == "none" else {}
    return OPTIONS | own | joined | {"pool": pool}
