"""How a process is connected with PostgreSQL. Not imported where the database is SQLite: psycopg takes its time."""

from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

# Every wait has a limit; what takes longer is a fault that the person should hear of, and before a proxy gives up on us
# (nginx: 60 seconds). The server keeps the first three. The others are for a server that is heard of no more.
OPTIONS: dict[str, Any] = {
    "options": "-c lock_timeout=15s -c statement_timeout=30s -c idle_in_transaction_session_timeout=120s",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
SILENCE_SECONDS = 35.0  # for an answer, once a statement was sent; more than the server's own limit for one
RECONNECT_SECONDS = 3.0  # for the pool's tries in the background, whose pauses double; then whoever asks begins anew


class Connection(psycopg.Connection):
    """A connection that gives a server up which is there and says nothing; and when it breaks, so do the pool's others.

    Neither the server's own limits nor those of TCP end the wait for one that stands still, or is behind something
    that answers in its place (a tunnel, a proxy, a pooler): without this, a thread would wait for ever. And the pool
    by itself finds out one by one that its connections are gone, with pauses that double.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's own. Raises OperationalError after ``SILENCE_SECONDS``, and the connection is closed."""
        try:
            return super().wait(gen, interval, SILENCE_SECONDS if timeout is None else timeout)
        except psycopg.OperationalError as error:
            silent = self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE
            if silent:  # an answer, even an error, would have ended the statement
                self.pgconn.finish()
            if self.pgconn.status == psycopg.pq.ConnStatus.BAD and isinstance(self._pool, ConnectionPool):
                self._pool.drain()
            if silent:
                raise psycopg.OperationalError(f"PostgreSQL has said nothing for {SILENCE_SECONDS:.0f} s.") from error
            raise


def options(max_connections: int) -> dict[str, Any]:
    """Django's ``OPTIONS``, for a process that may have so many connections."""
    pool = {
        "connection_class": Connection,
        "min_size": 1,
        "max_size": max_connections,
        "timeout": 10,
        "reconnect_timeout": RECONNECT_SECONDS,
    }
    return {**OPTIONS, "pool": pool}
