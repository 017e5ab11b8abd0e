"""The connection to PostgreSQL. Not imported with SQLite, since importing psycopg takes time."""

from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

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


class Connection(psycopg.Connection):
    """A connection with a timeout for responses. When it is of no use, it drains the pool of its other connections.

    It is of no use when it breaks, or when its server refuses to write: then another server may be the primary. The
    limits of the server and of TCP do not end the wait for a server that is frozen, or that is behind something
    which acknowledges packets in its place (a tunnel, a proxy, a pooler). A thread would wait for ever. The pool by
    itself discovers broken connections one at a time, with pauses that double.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Like ``psycopg.Connection.wait``, with a default timeout.

        Close the connection and raise OperationalError when no response came for ``SILENCE_SECONDS``.
        """
        try:
            return super().wait(gen, interval, SILENCE_SECONDS if timeout is None else timeout)
        except psycopg.errors.ReadOnlySqlTransaction:
            self._drain_pool()  # this connection as well, once it is given back
            raise
        except psycopg.OperationalError as error:
            timed_out = self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE
            if timed_out:  # a response, even an error, would have ended the statement
                self.pgconn.finish()
            if self.pgconn.status == psycopg.pq.ConnStatus.BAD:
                self._drain_pool()
            if timed_out:
                raise psycopg.OperationalError(f"PostgreSQL has said nothing for {SILENCE_SECONDS:.0f} s.") from error
            raise

    def _drain_pool(self) -> None:
        if isinstance(self._pool, ConnectionPool):
            self._pool.drain()


def options(max_connections: int, pooler: str = "none") -> dict[str, Any]:
    """Django's ``OPTIONS`` for a process with at most ``max_connections`` connections.

    A pooler refuses start-up options: there LIMITS must be set for the role (gistagum/database_checks.py).
    """
    pool = {
        "connection_class": Connection,
        "min_size": 1,
        "max_size": max_connections,
        "timeout": 10,
        "reconnect_timeout": RECONNECT_SECONDS,
    }
    limits = " ".join(f"-c {name}={seconds}s" for name, seconds in LIMITS.items())
    return {**OPTIONS, **({"options": limits} if pooler == "none" else {}), "pool": pool}
