"""Faults of PostgreSQL."""

import random
from collections.abc import Iterator

from realtime.log.models import Event, OutboxEvent
from realtime.log.numbering_postgresql import LOG_LOCK
from tests.support.database import retrying
from tests.support.ports import wait_until

from ..nemesis import FaultFunction, fault
from ..office import Office

LOCK_SECONDS = 10.0
SAVE_SECONDS = 15.0  # until somebody has saved although the log is locked


@fault("postgres", (0, 5))
def postgres_restarted(office: Office, rng: random.Random) -> Iterator[None]:
    """A fast shutdown, which ends every connection; PostgreSQL is started again after a while."""
    office.postgres.halt("fast")
    yield
    office.postgres.start()


@fault("postgres", (0, 5))
def postgres_crashed(office: Office, rng: random.Random) -> Iterator[None]:
    """An immediate shutdown; PostgreSQL is started again after a while and recovers from its own log."""
    office.postgres.halt("immediate")
    yield
    office.postgres.start()


@fault("postgres", (1, 4))
def postgres_connections_killed(office: Office, rng: random.Random) -> Iterator[None]:
    """Every connection is terminated, and again when clients have reconnected."""
    office.postgres.cut_off()
    yield
    office.postgres.cut_off()


@fault("postgres", (3, 10))
def postgres_used_up(office: Office, rng: random.Random) -> Iterator[None]:
    """Another client holds all connection slots (max_connections)."""
    with office.postgres.all_taken():
        yield


@fault("postgres", (3, 20))
def postgres_frozen(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGSTOP to all processes: PostgreSQL accepts connections and does not respond."""
    with office.postgres.frozen(office.postgres.processes()):
        yield


@fault("postgres", (2, 8))
def postgres_stumbles(office: Office, rng: random.Random) -> Iterator[None]:
    """SIGSTOP to half of the processes that serve a connection, whatever locks they hold."""
    serving = office.postgres.serving()
    with office.postgres.frozen(rng.sample(serving, len(serving) // 2)):
        yield


def _locked(name: str, says: str, statement: str, *, saving_goes_on: bool = False) -> None:
    def inject(office: Office, rng: random.Random) -> Iterator[None]:
        project = rng.choice(office.projects)
        with office.postgres.transaction("office", statement.format(project=project.pk)):
            if saving_goes_on:
                newest = OutboxEvent.objects.order_by("-pk").values_list("pk", flat=True)
                before = retrying(newest.first) or 0
                wait_until(lambda: (retrying(newest.first) or 0) > before, "somebody saves", SAVE_SECONDS)
            yield

    chosen: FaultFunction = inject
    chosen.__name__, chosen.__doc__ = name, says
    fault("postgres", (LOCK_SECONDS, LOCK_SECONDS))(chosen)


_locked(
    "log_locked",
    "Somebody holds the lock of the event log: events wait for their places, and saving goes on.",
    f"SELECT pg_advisory_xact_lock({LOG_LOCK})",
    saving_goes_on=True,
)
_locked(
    "log_table_locked",
    "Somebody holds the table of the event log, also against reading: no event comes, and saving goes on.",
    f"LOCK TABLE {Event._meta.db_table} IN ACCESS EXCLUSIVE MODE",
    saving_goes_on=True,
)
_locked(
    "project_locked",
    "Somebody holds the row of one project.",
    "SELECT 1 FROM projeng_project WHERE id = {project} FOR UPDATE",
)
