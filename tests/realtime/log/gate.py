"""A gate in the middle of each numbering, after it has drawn its ids: a trigger that waits for a lock."""

import contextlib
from collections.abc import Iterator

import psycopg

from realtime.log.models import Event, OutboxEvent
from tests.support.ports import wait_until

GATE = 7  # the advisory lock that the trigger waits for

# The lock_timeout of numbering would end the wait after a second. Its statement_timeout does after five.
TRIGGER = f"""
CREATE TABLE seen (event bigint, synchronous_commit text, isolation text);
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('lock_timeout', '0', true), pg_advisory_xact_lock_shared({GATE});
  INSERT INTO seen VALUES (NEW.id, current_setting('synchronous_commit'), current_setting('transaction_isolation'));
  RETURN NEW;
END $$;
CREATE TRIGGER gate AFTER INSERT ON realtime_event FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
"""


def write(*numbers: int) -> None:
    """Write committed events to the outbox without requesting their numbering."""
    OutboxEvent.objects.bulk_create(
        OutboxEvent(type="authority_changed", fields={"user_ids": [number]}) for number in numbers
    )


def numbered() -> list[int]:
    """The number of each event in the order of the log."""
    return [number for (number,) in Event.objects.order_by("id").values_list("fields__user_ids", flat=True)]


class Gate:
    """Within ``closed``, whoever numbers stops after its ids are drawn and before its COMMIT, and holds its locks."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        connection.execute(TRIGGER)

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Within this block, the gate is closed."""
        self._connection.execute("SELECT pg_advisory_lock(%s)", [GATE])
        try:
            yield
        finally:
            self._connection.execute("SELECT pg_advisory_unlock(%s)", [GATE])

    def wait_for(self, waiting: int = 1) -> list[int]:
        """Wait until so many sessions wait for a lock, and return the ids of their server processes."""
        query = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

        def found() -> list[int]:
            pids = [pid for (pid,) in self._connection.execute(query).fetchall()]
            return pids if len(pids) == waiting else []

        return wait_until(found, f"{waiting} sessions wait for a lock")

    def settings(self) -> set[tuple[str, str]]:
        """The ``synchronous_commit`` and the isolation of each numbering that came through the gate."""
        return set(self._connection.execute("SELECT synchronous_commit, isolation FROM seen").fetchall())

    def execute(self, statement: str) -> list[tuple]:
        """Execute a statement on a connection of its own, and return its rows if it has any."""
        cursor = self._connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
