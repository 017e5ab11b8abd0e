"""Numbering on PostgreSQL: the statements, and why each is as it is.

The whole transaction travels as one message, its limits and its COMMIT included. A process that is stopped at any point
therefore holds nothing: the server goes on by itself. Within the message each statement has a snapshot of its own (READ
COMMITTED), so the statement that moves events sees whatever was committed before the lock was taken.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT
"""

from typing import Any, NamedTuple

from django.db import OperationalError, connection

from .counters import counters, later, listed
from .epochs import EPOCH_ZERO, GAP, PLACES_A_SECOND
from .place_range import EXHAUSTED, PLACES_END, tell_of_return

# Any fixed number that no other advisory lock in the database uses ("GISTAGU" in ASCII). Releases before the outbox
# hold this lock until the commit of each transaction that writes events, so both kinds may run side by side.
LOG_LOCK = 0x47495354414755

LOCK_NOT_AVAILABLE = "55P03"  # https://www.postgresql.org/docs/current/errcodes-appendix.html
SCAN_STEP = 1_000  # rows of the outbox that numbering passes over before it moves its starting point

# Identifies the database and its history: the cluster, its timeline (a promoted standby has another), the database, the
# table (a restored dump has another). The timeline of pg_control_checkpoint() is an old one for seconds after a
# promotion. A standby has no fingerprint, since it makes no history.
FINGERPRINT = """(SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE concat_ws('/',
  (SELECT system_identifier FROM pg_control_system()),
  left(pg_walfile_name(pg_current_wal_lsn()), 8),
  (SELECT oid FROM pg_database WHERE datname = current_database()),
  'realtime_event'::regclass::oid) END)"""

# The outbox is scanned from here. Deleted rows before it are never read again, although a long snapshot keeps them. A
# restored table may come with a sequence that has begun anew: then the row of the scan means nothing.
FLOOR = """COALESCE((SELECT scan.floor FROM realtime_outboxscan AS scan, realtime_outboxevent_id_seq AS sequence
  WHERE scan.floor <= sequence.last_value), 0)"""

# With an order, since that takes the index: EXISTS alone would read the pages of the table, of which most may be dead.
_LOWEST = f"(SELECT id FROM realtime_outboxevent WHERE id > {FLOOR} ORDER BY id LIMIT 1)"
PENDING = f"({_LOWEST} IS NOT NULL)"

# A database that does not wait for its disk, or for its standby, may lose what it has committed. Numbering never
# settles for less than "on"; "remote_apply" is more.
_LIMITS = """
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT set_config('lock_timeout', '1s', true), set_config('statement_timeout', '5s', true),
  set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
  set_config('realtime.ids', '', true);
"""
_TRY = f"SELECT set_config('realtime.turn', pg_try_advisory_xact_lock({LOG_LOCK})::text, true);"
# Releases before the outbox queue for the lock and hand it on to each other, so it may never be free to be tried. Who
# has found it taken for long queues as well.
_QUEUE = f"SELECT pg_advisory_xact_lock({LOG_LOCK});"
_BEGIN = _LIMITS + _TRY
TIME_TO_RETURN = "600s"  # what was given out of range may be many rows
_TURN = "current_setting('realtime.turn') = 'true'"

# Places that browsers cannot tell apart: somebody has moved the sequence, or something else gave events their places.
OUT_OF_RANGE = f"""((SELECT last_value FROM realtime_event_id_seq) >= {PLACES_END}
  OR COALESCE((SELECT max(id) FROM realtime_event), 0) >= {PLACES_END}
  OR COALESCE((SELECT pruned_to FROM realtime_logmark), 0) >= {PLACES_END})"""

# The events that are out of range are put into a new epoch, in their order, behind the others. Where there are none,
# only the sequence goes back. A cursor that is out of range is ahead of the log from then on, and gets a reset.
_BRING_BACK = f"""
DO $back$ DECLARE head bigint; place bigint; moved bigint; BEGIN
IF current_setting('realtime.turn') = 'true' AND {OUT_OF_RANGE} THEN
SELECT GREATEST((SELECT max(id) FROM realtime_event WHERE id < {PLACES_END}),
  (SELECT max(begins) FROM realtime_logepoch),
  (SELECT pruned_to FROM realtime_logmark WHERE pruned_to < {PLACES_END}), 0) INTO head;
SELECT count(*) FROM realtime_event WHERE id >= {PLACES_END} INTO moved;
IF moved = 0 AND NOT EXISTS (SELECT 1 FROM realtime_logmark WHERE pruned_to >= {PLACES_END}) THEN
  PERFORM setval('realtime_event_id_seq', GREATEST(head, 1), head > 0);
ELSE
  place := GREATEST(head + {GAP},
    ((extract(epoch FROM clock_timestamp()) - {EPOCH_ZERO}) * {PLACES_A_SECOND})::bigint);
  IF place > {PLACES_END - GAP} - moved THEN
    RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range', MESSAGE = '{EXHAUSTED}';
  END IF;
  INSERT INTO realtime_logepoch (cut, begins, fingerprint)
    SELECT head, place, fingerprint FROM (SELECT {FINGERPRINT} AS fingerprint) AS found WHERE fingerprint IS NOT NULL;
  UPDATE realtime_event SET id = place + numbered.number FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS number FROM realtime_event WHERE id >= {PLACES_END}) AS numbered
    WHERE realtime_event.id = numbered.id;
  UPDATE realtime_logmark SET pruned_to = place WHERE pruned_to >= {PLACES_END};
  PERFORM setval('realtime_event_id_seq', place + moved);
END IF;
PERFORM set_config('realtime.ids', moved::text, true);
END IF; END $back$;
SELECT {_TURN}, current_setting('realtime.ids');
COMMIT;
"""

# A new epoch begins far above, and the sequence goes on from there. Only the first one begins where the log stands.
_RENEW = f"""
IF EXISTS (SELECT 1 FROM realtime_logepoch) AND GREATEST(
    (SELECT max(id) FROM realtime_event), (SELECT pruned_to FROM realtime_logmark),
    (SELECT max(begins) FROM realtime_logepoch), 0) >= {PLACES_END - GAP} THEN
  RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range', MESSAGE = '{EXHAUSTED}';
END IF;
WITH known AS MATERIALIZED (SELECT * FROM realtime_logepoch ORDER BY id DESC LIMIT 1),
found AS MATERIALIZED (
  SELECT {FINGERPRINT} AS fingerprint,
    GREATEST((SELECT max(id) FROM realtime_event), (SELECT pruned_to FROM realtime_logmark),
      (SELECT begins FROM known), 0) AS head),
made AS (
  INSERT INTO realtime_logepoch (cut, begins, fingerprint)
  SELECT LEAST({{cut}}, head), CASE WHEN {{gap}} THEN
      GREATEST(head + {GAP}, ((extract(epoch FROM clock_timestamp()) - {EPOCH_ZERO}) * {PLACES_A_SECOND})::bigint)
    ELSE head END, fingerprint
  FROM found WHERE fingerprint IS NOT NULL
  RETURNING begins)
SELECT setval('realtime_event_id_seq', begins) INTO place FROM made
  WHERE begins > (SELECT last_value FROM realtime_event_id_seq);
"""

# Under the lock nobody else draws ids, so those of one statement have no gaps.
_MOVE = """
WITH taken AS (
  DELETE FROM realtime_outboxevent WHERE id = ANY (ARRAY (
    SELECT id FROM realtime_outboxevent WHERE id > {floor} ORDER BY id LIMIT {limit}))
  RETURNING id, type, written_at, fields, audience, person_id),
moment AS MATERIALIZED (
  SELECT GREATEST(clock_timestamp(), (SELECT at FROM realtime_event ORDER BY id DESC LIMIT 1)) AS at){counts},
moved AS (
  INSERT INTO realtime_event (type, at, written_at, fields, audience)
  SELECT taken.type, moment.at, taken.written_at, {fields}, taken.audience
  FROM taken CROSS JOIN moment{joins} ORDER BY taken.id
  RETURNING id)
SELECT min(id), max(id) INTO place, newest FROM moved;
"""

# A block of PL/pgSQL plans only what it runs: who finds the lock taken does not pay for the rest. Each statement in it
# has a snapshot of its own, too.
_BLOCK = """
DO $numbering$ DECLARE place bigint; newest bigint; BEGIN
IF current_setting('realtime.turn') = 'true' AND NOT {out_of_range} THEN
IF {condition} THEN {renew} END IF;
{move}
END IF; END $numbering$;
"""
# A standby has no fingerprint, and begins no epoch. A sequence below the end of the log, or below the beginning of the
# epoch, was loaded without its value: its places would be taken already, or be taken for lost ones.
_OTHER_DATABASE = f"""({FINGERPRINT} =
  COALESCE((SELECT fingerprint FROM realtime_logepoch ORDER BY id DESC LIMIT 1), '')) IS FALSE
  OR (SELECT last_value FROM realtime_event_id_seq) < GREATEST((SELECT max(id) FROM realtime_event),
    (SELECT pruned_to FROM realtime_logmark), (SELECT begins FROM realtime_logepoch ORDER BY id DESC LIMIT 1))"""
_TELL = "PERFORM set_config('realtime.ids', place || ' ' || newest, true) WHERE place IS NOT NULL;"

_STATE = f"""
SELECT {_TURN}, current_setting('realtime.ids'),
  (SELECT last_value FROM realtime_outboxevent_id_seq) - {FLOOR} > {SCAN_STEP}
    OR COALESCE((SELECT floor FROM realtime_outboxscan), 0) > (SELECT last_value FROM realtime_outboxevent_id_seq),
  {OUT_OF_RANGE};
COMMIT;
"""

# What the next floor is found with. A transaction that writes to the outbox locks the table (ROW EXCLUSIVE) before it
# draws an id, and until it ends. So once all that held this lock when ``candidate`` was noted have ended, every row up
# to it is visible or will never be. Each step needs a snapshot of its own.
_WRITING = """SELECT virtualtransaction FROM pg_locks WHERE relation = 'realtime_outboxevent'::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND mode = 'RowExclusiveLock'
  AND pid <> pg_backend_pid()"""
_ADVANCE = f"""
{_BEGIN}
INSERT INTO realtime_outboxscan (id, floor, candidate, writers) SELECT 1, 0, 0, '[]' WHERE {_TURN}
  ON CONFLICT (id) DO NOTHING;
UPDATE realtime_outboxscan SET floor = 0, candidate = 0, writers = '[]'
  WHERE {_TURN} AND floor > (SELECT last_value FROM realtime_outboxevent_id_seq);
SELECT set_config('realtime.ended', (NOT EXISTS (SELECT 1 FROM ({_WRITING}) AS writing, realtime_outboxscan AS scan
  WHERE scan.writers @> to_jsonb(virtualtransaction)))::text, true);
UPDATE realtime_outboxscan AS scan SET floor = candidate
  WHERE {_TURN} AND current_setting('realtime.ended') = 'true' AND candidate > floor
  AND NOT EXISTS (SELECT 1 FROM realtime_outboxevent WHERE id > scan.floor AND id <= scan.candidate);
SELECT set_config('realtime.newest', (SELECT last_value FROM realtime_outboxevent_id_seq)::text, true);
UPDATE realtime_outboxscan SET candidate = current_setting('realtime.newest')::bigint,
  writers = COALESCE((SELECT jsonb_agg(virtualtransaction) FROM ({_WRITING}) AS writing), '[]')
  WHERE {_TURN} AND (candidate <= floor OR candidate > current_setting('realtime.newest')::bigint);
COMMIT;
"""


class Moved(NamedTuple):
    """What one transaction of numbering has done. ``ids`` is ``None`` when another process held the lock.

    ``scan_lags``: the scan of the outbox should begin further on (``advance_scan``). ``out_of_range``: the log has
    places that nobody may be given (``bring_back``), and no more are given until it has none.
    """

    ids: list[int] | None
    scan_lags: bool
    out_of_range: bool = False


def move(limit: int, *, queue: bool = False) -> Moved:
    """Number at most ``limit`` events, the lowest of the outbox first, in one message.

    With ``queue``, wait for the lock as long as ``lock_timeout`` allows.
    """
    renew = _RENEW.format(cut="head", gap="EXISTS (SELECT 1 FROM known)")
    block = _BLOCK.format(out_of_range=OUT_OF_RANGE, condition=_OTHER_DATABASE, renew=renew, move=_move(limit) + _TELL)
    try:
        turn, ids, scan_lags, out_of_range = _send((_LIMITS + _QUEUE + _TRY if queue else _BEGIN) + block + _STATE)
    except OperationalError as error:
        if queue and getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            return Moved(None, scan_lags=False)
        raise
    first, _, last = ids.partition(" ")
    moved = list(range(int(first), int(last) + 1)) if ids else []
    return Moved(moved if turn else None, scan_lags, out_of_range)


def bring_back() -> bool:
    """Bring the log back into the range of places, if it is not. Return ``False`` if the lock is taken.

    Raises DataError where there are no places left.
    """
    limits = _LIMITS.replace("'statement_timeout', '5s'", f"'statement_timeout', '{TIME_TO_RETURN}'")
    turn, moved = _send(limits + _TRY + _BRING_BACK)
    if moved:
        tell_of_return(int(moved))
    return bool(turn)


def renew(known: int | None, cut: int | None = None) -> bool:
    """Begin a new epoch, unless one has begun since the epoch ``known``. Return ``False`` if the lock is taken.

    No id above ``cut`` stays valid; ``None`` cuts the history behind its newest event. Raises DataError where there are
    no places left.
    """
    newest = "NULL" if known is None else str(int(known))
    block = _BLOCK.format(
        out_of_range=OUT_OF_RANGE,
        condition=f"(SELECT max(id) FROM realtime_logepoch) IS NOT DISTINCT FROM {newest}",
        renew=_RENEW.format(cut="head" if cut is None else int(cut), gap="true"),
        move="",
    )
    turn, _, _, out_of_range = _send(_BEGIN + block + _STATE)
    return bool(turn) and not out_of_range


def advance_scan() -> None:
    """Have numbering begin its scan of the outbox further on, if nothing before can appear any more."""
    _send(_ADVANCE)


def lowest_pending() -> int | None:
    """The first row of the outbox; ``None`` when it is empty."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_LOWEST}")
        lowest: int | None = cursor.fetchone()[0]
        return lowest


def _move(limit: int) -> str:
    counts, joins, fields = "", "", "taken.fields"
    for number, (types, growing, field, sql) in enumerate(counters):
        names = listed(types)
        counts += (
            f",\ncounted{number} AS (SELECT person_id, ({sql.format(person='person_id')}) AS value FROM "
            f"(SELECT DISTINCT person_id FROM taken WHERE type IN ({names}) AND person_id IS NOT NULL) AS people)"
        )
        joins += (
            f"\nLEFT JOIN counted{number} ON taken.type IN ({names}) AND counted{number}.person_id = taken.person_id"
        )
        filled = f"jsonb_build_object('{field}', GREATEST(counted{number}.value - {later(growing)}, 0))"
        fields = f"CASE WHEN counted{number}.person_id IS NULL THEN {fields} ELSE {fields} || {filled} END"
    return _MOVE.format(floor=FLOOR, limit=int(limit), counts=counts, joins=joins, fields=fields)


def _send(message: str) -> Any:
    """Send statements as one message. Return the row of the last one that has any. Close the connection on an error."""
    rows = []
    try:
        with connection.cursor() as cursor:
            cursor.execute(message)
            while True:
                if cursor.description is not None:
                    rows = cursor.fetchall()
                if not cursor.nextset():
                    return rows[0] if rows else None
    except BaseException:
        connection.close()  # it may be in a failed transaction that Django knows nothing of
        raise
