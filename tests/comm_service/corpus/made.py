"""Replaying the corpus on a database."""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from django.core.management import call_command
from django.db import connection, transaction

from tests.support.database import using_database
from tests.support.postgres import Postgres

from .asked import Case
from .replay import Outcome, replay
from .seeds import plant

DATABASES = ("sqlite", "postgres")


@contextmanager
def planted() -> Iterator[None]:
    """Within this block the rows of the corpus are there, in Django's database."""
    quiet = logging.getLogger("django.request")
    level = quiet.level
    quiet.setLevel(logging.CRITICAL)  # thousands of refused requests
    # The site gives the connection back after each request, and the transaction would end with it.
    with patch.object(connection, "close_if_unusable_or_obsolete"):
        try:
            with transaction.atomic():
                plant()
                yield
                transaction.set_rollback(True)
        finally:
            quiet.setLevel(level)


def replay_all(cases: Iterable[Case]) -> list[Outcome]:
    """Replay every case."""
    with planted():
        return [replay(case) for case in cases]


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """Within this block, Django's database is a new one of this kind, with all tables. Yield what it is."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder, _migrated(f"sqlite:///{Path(folder) / 'corpus.sqlite3'}") as name:
            yield name
        return
    server = Postgres()
    try:
        with _migrated(server.create("corpus")) as name:
            yield name
    finally:
        server.stop()


@contextmanager
def _migrated(url: str) -> Iterator[str]:
    with using_database(url):
        call_command("migrate", verbosity=0)
        yield f"{connection.display_name} {'.'.join(str(part) for part in connection.get_database_version())}"
