"""Gates on the way of a numbering on PostgreSQL, where it stops and holds its locks until the gate is opened.

Two are triggers that wait for an advisory lock, which must be installed in the database. The lock_timeout of numbering
would end such a wait after a second; its statement_timeout does after five.
"""

import contextlib
from collections.abc import Iterator
from enum import Enum

import psycopg

from realtime.log.numbering_postgresql import LOG_LOCK

from .ports import wait_until


class Point(Enum):
    """Where a numbering can be stopped: the numbers of advisory locks."""

    AT_LOCK = 7  # it has tried the lock of the log, and is about to look for another database; for one second
    IN_MOVE = 8  # the events have left the outbox and have got their ids
    IN_COMMIT = 9  # the server has begun to commit


TRIGGERS = f"""
CREATE TABLE seen_at_gate (event bigint, synchronous_commit text, isolation text);
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('lock_timeout', '0', true), pg_advisory_xact_lock_shared(TG_ARGV[0]::bigint);
  RETURN NEW;
END $$;
CREATE FUNCTION note_settings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO seen_at_gate
  VALUES (NEW.id, current_setting('synchronous_commit'), current_setting('transaction_isolation'));
  RETURN NEW;
END $$;
CREATE TRIGGER in_move AFTER INSERT ON realtime_event
  FOR EACH ROW EXECUTE FUNCTION wait_at_gate({Point.IN_MOVE.value});
CREATE CONSTRAINT TRIGGER in_commit AFTER INSERT ON realtime_event DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION wait_at_gate({Point.IN_COMMIT.value});
CREATE TRIGGER settings AFTER INSERT ON realtime_event FOR EACH ROW EXECUTE FUNCTION note_settings();
"""


class Gate:
    """The gates of the database at this address."""

    def __init__(self, url: str) -> None:
        self._url = url

    def install(self) -> None:
        """Install the triggers. Open gates stop nobody."""
        self.execute(TRIGGERS)

    @contextlib.contextmanager
    def closed(self, point: Point = Point.IN_MOVE) -> Iterator[None]:
        """Within this block, whoever numbers stops at this point."""
        with psycopg.connect(self._url) as holder:
            if point is Point.AT_LOCK:  # what is read next under the lock
                holder.execute("LOCK TABLE realtime_logepoch IN ACCESS EXCLUSIVE MODE")
            else:
                holder.execute("SELECT pg_advisory_xact_lock(%s)", [point.value])
            yield

    def waiting(self) -> dict[int, str]:
        """The session that has the lock of the log and waits for another: its server process, and its client's name."""
        rows = self.execute(
            "SELECT pid, application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
            "JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE wait_event_type = 'Lock' AND pg_database.datname = current_database() AND granted "
            f"AND locktype = 'advisory' AND classid = {LOG_LOCK >> 32} AND objid = {LOG_LOCK & 0xFFFFFFFF}"
        )
        return dict(rows)

    def wait_for(self, seconds: float = 15.0) -> int:
        """Wait until a session numbers and has come to the closed gate, and return its server process."""
        [pid] = wait_until(self.waiting, "somebody numbers and is at the gate", seconds)
        return pid

    def settings(self) -> set[tuple[str, str]]:
        """The ``synchronous_commit`` and the isolation with which events were numbered."""
        return set(self.execute("SELECT synchronous_commit, isolation FROM seen_at_gate"))

    def execute(self, statement: str) -> list[tuple]:
        """Execute a statement on a connection of its own, and return its rows if it has any."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []
